// The small dialogs: keys, fork, reset, delete, scenarios and snapshots.

import { closeDialog } from './dialog.js';
import { h } from './dom.js';
import { fileFault } from './document-file.js';
import { act, button, check, field, input, refusal } from './form.js';
import { date, iso, parse, time } from './format.js';
import { KEYS } from './keys.js';
import { changed, overview, readAll, state, toast } from './store.js';
import { loadBuiltIn, loadScenario, loadedText, putSnapshot, rememberTenant, tenantHref, tenantInUse } from './tenants.js';

const FORM = 'small-form';

/** Describes a form with its button. `run` is the act, without which the dialog stays. */
function form(dialog, { title, body, label, isDangerous = false, isDisabled = false, run }) {
  const submit = (event) => {
    event.preventDefault();
    run();
  };
  return {
    title,
    body: h('form', { id: FORM, class: 'form', on: { submit } }, body, refusal(dialog.error)),
    footer: [
      h('span', { class: 'grow' }),
      button('Cancel', closeDialog, isDangerous ? { autofocus: true } : {}),
      h(
        'button',
        { type: 'submit', form: FORM, class: `button ${isDangerous ? 'danger' : 'primary'}`, disabled: isDisabled || dialog.isBusy },
        label,
      ),
    ],
  };
}

const revise = (members) => {
  Object.assign(state.dialog.values, members);
  state.dialog.error = null;
  changed();
};

/* ---- Keys ---- */

export const keysDialog = { view: keys };

function keys() {
  const change = (isOn) => {
    state.preferences.keys = isOn;
    localStorage.setItem('keys', isOn ? 'on' : 'off');
    changed();
  };
  return {
    title: 'Keys',
    body: [
      h(
        'dl',
        { class: 'facts keys' },
        KEYS.map(([names, text]) => [
          h(
            'dt',
            null,
            names.split(' ').map((name) => h('kbd', { class: 'key' }, name)),
          ),
          h('dd', null, text),
        ]),
      ),
      check({ checked: state.preferences.keys }, change, 'Use single keys. Esc and the keys of the axis and of the list always work.'),
      h('p', { class: 'hint' }, 'Drag the time axis to see every figure as it was, or as it will be. Nothing changes by looking.'),
    ],
  };
}

/* ---- Fork ---- */

export const forkDialog = { begin: beginFork, view: fork };

/** `values.at` is the instant; without it, the fork is made now. */
function beginFork({ values }) {
  values.at ??= state.axis.look !== null && state.axis.look < state.clock.now() ? state.axis.look : null;
  values.as ??= `fork-${time(values.at ?? state.clock.now())
    .slice(0, 5)
    .replace(':', '')}`;
}

function fork(dialog) {
  const { values } = dialog;
  const { at, as, made } = values;
  if (made) return forked(made);
  const instant = at === null ? 'now' : `${time(at)} UTC on ${date(at)}`;
  const run = () =>
    act(async () => {
      const { id } = await state.api.control('POST', `tenants/${tenantInUse()}/fork`, {
        at: at === null ? undefined : iso(at),
        as: values.as,
      });
      rememberTenant(id, values.as);
      values.made = values.as;
      overview.refresh({ now: true });
    });
  const body = [
    h(
      'p',
      null,
      'A fork is a new tenant. It shares the past of this one up to ',
      h('b', null, instant),
      ', and goes its own way from there.',
    ),
    field(
      { id: 'fork-name', label: 'Name of the new tenant' },
      input({ value: as, required: true, autofocus: true, dir: 'auto', on: { input: (event) => revise({ as: event.target.value }) } }),
    ),
  ];
  return form(dialog, { title: 'Fork this tenant', body, label: 'Fork', run });
}

function forked(name) {
  return {
    title: 'The fork exists',
    body: h('p', { role: 'status' }, 'The new tenant is ', h('b', { dir: 'auto' }, name), '.'),
    footer: [
      h('span', { class: 'grow' }),
      button('Stay here', closeDialog),
      h('a', { key: 'open', class: 'button primary', href: tenantHref(name), mount: (node) => node.focus() }, 'Open the fork'),
    ],
  };
}

/* ---- Reset and delete ---- */

export const resetDialog = { view: reset };

function reset(dialog) {
  const run = async () => {
    if ((await act(() => state.api.control('POST', 'reset'))) === undefined) return;
    done('The tenant is as at the start');
  };
  const body = h(
    'p',
    null,
    'All workspaces, items, connections, sources, trouble and fault rules of this tenant are removed, and its journal is emptied. ',
    'The settings are those of the command line, and the clock is real. Other tenants stay as they are.',
  );
  return form(dialog, { title: 'Reset this tenant?', body, label: 'Reset', isDangerous: true, run });
}

/** `values.item` is the item. */
export const deleteDialog = { view: remove };

function remove(dialog) {
  const { item } = dialog.values;
  const isMirror = item.type === 'MirroredDatabase';
  const run = async () => {
    const kind = isMirror ? 'mirroredDatabases' : 'items';
    if ((await act(() => state.api.fabric('DELETE', `/workspaces/${item.workspace.id}/${kind}/${item.id}`))) === undefined) return;
    done(`${item.displayName} is deleted`);
  };
  const body = h(
    'p',
    null,
    h('b', { dir: 'auto' }, item.displayName),
    isMirror ? ' and its SQL endpoint are deleted. Its connection stays.' : ' is deleted.',
  );
  return form(dialog, {
    title: `Delete ${isMirror ? 'this mirrored database' : 'this item'}?`,
    body,
    label: 'Delete',
    isDangerous: true,
    run,
  });
}

/** Closes the dialog after something was removed or replaced, and shows all databases as they are now. */
function done(text) {
  location.hash = '#/';
  Object.assign(state.axis, { look: null, from: null });
  closeDialog();
  // A reading that is under way would bring back what is gone.
  overview.reset();
  readAll();
  toast(text);
}

/* ---- Scenarios ---- */

export const scenarioDialog = { begin: beginScenario, view: scenario };

function beginScenario({ values }) {
  values.name ??= state.scenarios[0]?.name ?? '';
  values.isReset = false;
}

function scenario(dialog) {
  const { values } = dialog;
  const { name, file, isReset } = values;
  const pick = (each) =>
    h(
      'label',
      { key: each.name, class: 'check' },
      h('input', {
        type: 'radio',
        name: 'scenario',
        checked: !file && each.name === name,
        on: { change: () => revise({ name: each.name, file: null }) },
      }),
      h('span', null, h('b', null, each.name), each.title && h('small', { class: 'pick-title' }, each.title)),
    );
  const body = [
    h('fieldset', { class: 'form' }, h('legend', null, 'Built in'), h('div', { class: 'pick' }, state.scenarios.map(pick))),
    field(
      { id: 'scenario-file', label: 'Or a file' },
      fileInput((chosen) => revise({ file: chosen })),
    ),
    check({ checked: isReset }, (checked) => revise({ isReset: checked }), 'Reset the tenant first'),
    h('p', { class: 'hint' }, 'A scenario adds to the tenant. A name that is in use, and a clock that is earlier than that of the tenant, are rejected; nothing is added then.'),
  ];
  const run = async () => {
    const added = await act(() => (file ? loadFile(file, isReset) : loadNamed(name, isReset)));
    if (added !== undefined) done(loadedText(file?.name ?? name, added));
  };
  return form(dialog, { title: 'Load a scenario', body, label: 'Load', isDisabled: !file && !name, run });
}

async function loadNamed(name, isReset) {
  if (isReset) await state.api.control('POST', 'reset');
  return loadBuiltIn(name);
}

async function loadFile(file, isReset) {
  const text = await file.text();
  try {
    if (isReset) {
      await tryScenario(text);
      await state.api.control('POST', 'reset');
    }
    return await loadScenario(text);
  } catch (error) {
    throw fileFault(error, file.name, 'scenario', text);
  }
}

/** Loads a scenario into a new tenant, and deletes it, so that a file that is rejected does not cost the content of this one. */
async function tryScenario(text) {
  const tenant = `trial-${Date.now()}`;
  await loadScenario(text, tenant);
  await state.api.control('DELETE', `tenants/${tenant}`);
}

const fileInput = (change) =>
  input({ type: 'file', accept: '.json,application/json', on: { change: (event) => change(event.target.files[0] ?? null) } });

/* ---- Snapshots ---- */

export const loadSnapshotDialog = { view: loadSnapshot };

function loadSnapshot(dialog) {
  const { file } = dialog.values;
  const run = async () => {
    const loaded = await act(() => replaceTenant(file));
    if (loaded) done(`${file.name} is loaded. The clock shows ${time(parse(loaded.now))} on ${date(parse(loaded.now))}.`);
  };
  const body = [
    field(
      { id: 'snapshot-file', label: 'Snapshot file' },
      fileInput((chosen) => revise({ file: chosen })),
    ),
    h(
      'div',
      { class: 'note warning' },
      h(
        'p',
        null,
        'The snapshot replaces this tenant: its items, its trouble, its settings and its clock. The journal is emptied. ',
        'Save a snapshot first to be able to return.',
      ),
    ),
  ];
  return form(dialog, { title: 'Load a snapshot', body, label: 'Replace the tenant', isDangerous: true, isDisabled: !file, run });
}

async function replaceTenant(file) {
  try {
    return await putSnapshot(file);
  } catch (error) {
    throw fileFault(error, file.name, 'snapshot', await file.text());
  }
}
