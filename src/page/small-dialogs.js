// The small dialogs: keys, fork, reset, delete, scenarios and snapshots.

import { closeDialog } from './dialog.js';
import { h } from './dom.js';
import { curlOf } from './curl.js';
import { fileError } from './document-file.js';
import { act, button, check, field, input, rejection } from './form.js';
import { count, date, iso, moment, parse, time } from './format.js';
import { KEYS } from './keys.js';
import { tableLabel } from './spans.js';
import { changed, datedTrouble, itemsById, mirrors, openItem, overview, readAll, state, toast } from './store.js';
import { isShown, loadBuiltIn, loadScenario, loadedText, putSnapshot, rememberTenant, shownTenantName, tenantHref, tenantInUse } from './tenants.js';
import { troubleTitle } from './trouble-kinds.js';

const FORM = 'small-form';

/** Describes a form with its button. `run` is the act, without which the dialog stays. */
function form(dialog, { title, body, label, isDangerous = false, isDisabled = false, run }) {
  const submit = (event) => {
    event.preventDefault();
    run();
  };
  return {
    title,
    body: h('form', { id: FORM, class: 'form', on: { submit } }, body, rejection(dialog.error)),
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
    title: 'Keys and help',
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
      h('p', { class: 'hint' }, [
        'Click or drag the time axis to look at another time: every figure is shown as it was, or as it will be. ',
        'Nothing changes by looking. Drag with Shift to move the window; turn the wheel with Ctrl to zoom.',
      ]),
      apiHelp(),
    ],
  };
}

/** Says where the API is, in which tenant, and how to read a status. */
function apiHelp() {
  const item = [openItem(), ...mirrors()].find((each) => each?.type === 'MirroredDatabase');
  const call = item ? ['POST', `/v1/workspaces/${item.workspace.id}/mirroredDatabases/${item.id}/getMirroringStatus`] : ['GET', '/v1/workspaces'];
  const tenant = state.tenants.find(isShown);
  const name = shownTenantName();
  return [
    h('h3', null, 'API'),
    h('dl', { class: 'facts' }, [
      [h('dt', null, 'Base address'), h('dd', { class: 'mono' }, `${location.origin}/v1`)],
      [h('dt', null, 'Control'), h('dd', { class: 'mono' }, `${location.origin}/_emulator`)],
      [h('dt', null, 'Tenant'), h('dd', null, h('span', { dir: 'auto' }, name), tenant && tenant.id !== name && [' ', h('span', { class: 'mono dim' }, tenant.id)])],
    ]),
    h('p', null, item ? ['The status of ', h('b', { dir: 'auto' }, item.displayName), ':'] : 'The workspaces:'),
    h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': 'Request to the API' }, curlOf(...call)),
    h('p', { class: 'hint' }, [
      'A request belongs to the tenant that its token names in the claim tid. The default tenant accepts any token. ',
      'Requests to /_emulator name the tenant with ?tenant=.',
    ]),
  ];
}

/* ---- Fork ---- */

export const forkDialog = { begin: beginFork, view: fork };

/** `values.at` is the instant; without it, the fork is made now. */
function beginFork({ values }) {
  values.at ??= state.axis.look !== null && state.axis.look < state.clock.now() ? state.axis.look : null;
  values.as ??= `fork-${time(values.at ?? state.clock.now())
    .slice(0, 5)
    .replace(':', '')}`;
  values.isPaused ??= true;
}

/** A clock in another mode stands until a call moves it. */
const isClockRunning = () => ['real', 'scaled'].includes(state.clock.mode);

function fork(dialog) {
  const { values } = dialog;
  const { at, as, isPaused, made } = values;
  if (made) return forked(made);
  const instant = at === null ? 'now' : `${time(at)} UTC on ${date(at)}`;
  const run = () =>
    act(async () => {
      const { id } = await state.api.control('POST', `tenants/${tenantInUse()}/fork`, {
        at: at === null ? undefined : iso(at),
        as: values.as,
      });
      const clock = isClockRunning() ? await state.api.control('POST', 'clock', { paused: isPaused }, { tenant: id }) : null;
      rememberTenant(id, values.as);
      overview.refresh({ now: true });
      values.made = await readFork(id, values.as, clock);
    });
  const body = [
    h(
      'p',
      null,
      'A fork is a new tenant. It shares the past of this one up to ',
      h('b', null, instant),
      ', and changes independently of it afterwards.',
    ),
    field(
      { id: 'fork-name', label: 'Name of the new tenant' },
      input({ value: as, required: true, autofocus: true, dir: 'auto', on: { input: (event) => revise({ as: event.target.value }) } }),
    ),
    clockOfFork(isPaused),
    copiedTrouble(at ?? state.clock.now(), at !== null),
    h('p', { class: 'hint' }, faultText(state.faults.length), ' Settings and the mode of the clock are those of now. The journal of the fork is empty.'),
  ];
  return form(dialog, { title: 'Fork this tenant', body, label: 'Fork', run });
}

function clockOfFork(isPaused) {
  if (isClockRunning()) {
    const text = 'Start paused. Otherwise the clock of the fork runs at once, and planned trouble begins at its time.';
    return check({ checked: isPaused }, (checked) => revise({ isPaused: checked }), text);
  }
  const { mode } = state.clock;
  const until = mode === 'manual' ? 'it is moved' : 'a request moves it';
  return h('p', { class: 'hint' }, `The clock of the fork is ${mode}, as in this tenant: it stands until ${until}.`);
}

function faultText(faults) {
  if (faults === 0) return 'There are no fault rules to copy.';
  const counters = faults === 1 ? 'its counters' : 'their counters';
  return `${count(faults, 'fault rule')} and ${counters} are copied as they are now, also if the fork begins earlier.`;
}

/** Lists the trouble that has not ended by the instant of the fork, sorted by start. */
function copiedTrouble(at, isPast) {
  const copied = state.troubles.filter(({ fromAt, toAt, kind }) => fromAt === null || fromAt > at || (kind !== 'reseed' && (toAt === null || toAt > at)));
  copied.sort((one, other) => (one.fromAt ?? Infinity) - (other.fromAt ?? Infinity) || 0);
  if (copied.length === 0) return h('p', { class: 'hint' }, 'No trouble is planned or active then.');
  return [h('p', null, isPast ? 'The fork contains this trouble, as far as it was planned by then:' : 'The fork contains this trouble:'), troubleList(copied, at)];
}

function troubleList(troubles, at) {
  const place = ({ target: { table, item } }) =>
    [table && tableLabel(table.schemaName, table.tableName), itemsById().get(item)?.displayName].filter(Boolean).join(' in ');
  const text = (trouble) => [troubleTitle(trouble), place(trouble)].filter(Boolean).join(': ');
  const begins = ({ fromAt }) => {
    if (fromAt === null) return 'begins with a later status';
    return `${fromAt > at ? 'begins at' : 'active since'} ${moment(fromAt, at)}`;
  };
  const entry = (trouble) => h('li', { key: trouble.id }, h('span', { dir: 'auto' }, text(trouble)), h('small', null, begins(trouble)));
  return h('ul', { class: 'fork-trouble' }, troubles.map(entry));
}

/** What a fork is made of: its trouble, its clock, and the open item if it existed by then. */
async function readFork(id, name, clock) {
  const get = (path) => state.api.control('GET', path, undefined, { tenant: id });
  const [{ value }, { workspaces, clock: present }] = await Promise.all([get('trouble'), get('overview')]);
  const troubles = value.filter((trouble) => trouble.state !== 'ended').map(datedTrouble);
  const item = workspaces.flatMap(({ items }) => items).find((each) => each.id === state.route.item) ?? null;
  return { name, item, troubles, clock: clock ?? present };
}

function forked({ name, item, troubles, clock }) {
  const at = parse(clock.now);
  const isRunning = isClockRunning() && !clock.paused;
  const clockText = isRunning ? 'Its clock runs.' : `Its clock stands at ${time(at)} UTC on ${date(at)}.`;
  const href = `${tenantHref(name)}${item ? `#/item/${item.id}` : ''}`;
  const label = item ? ['Open ', h('bdi', null, item.displayName), ' in the fork'] : 'Open the fork';
  return {
    title: 'The fork exists',
    body: [
      h('p', { role: 'status' }, 'The new tenant is ', h('b', { dir: 'auto' }, name), `. ${clockText}`),
      troubles.length > 0 && [h('p', null, 'It contains this trouble:'), troubleList(troubles, at)],
    ],
    footer: [
      h('span', { class: 'grow' }),
      button('Stay here', closeDialog),
      h('a', { key: 'open', class: 'button primary', href, mount: (node) => node.focus() }, h('span', null, label)),
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
    h('p', { class: 'hint' }, [
      'A scenario adds to the tenant. It is rejected, and adds nothing, if one of its names is in use ',
      'or if its clock is earlier than that of the tenant.',
    ]),
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
    throw fileError(error, file.name, 'scenario', text);
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
    throw fileError(error, file.name, 'snapshot', await file.text());
  }
}
