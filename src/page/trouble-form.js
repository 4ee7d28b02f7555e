// The menu that adds trouble, and the form that it opens.

import { ApiError } from './api.js';
import { openDock } from './dock.js';
import { afterRendering, h } from './dom.js';
import { MINUTE, dateTime } from './format.js';
import { messageOf } from './form.js';
import { closeMenu } from './menu.js';
import { tableKey } from './spans.js';
import { changed, failed, faults, isProjected, items, now, openItem, state, toast, troubles } from './store.js';
import { faultFields, troubleFields } from './trouble-fields.js';
import { FAULTS, TROUBLE_KINDS, causeTitle } from './trouble-kinds.js';
import { FieldError, faultRequest, kindOf, placed, troubleRequest } from './trouble-request.js';

/** The dry run waits for so many milliseconds without a change of the form. */
const DRY_RUN_WAIT = 300;
/** Without an instant that is looked at, the form proposes the next full minute after so many milliseconds. */
const NEAR = 5 * MINUTE;

/* ---- Menu ---- */

/** Describes the content of the menu "Add trouble". */
export function troubleMenu() {
  const hasMirrors = targetsOf('item').length > 0;
  const kinds = Object.entries(TROUBLE_KINDS).filter(([, { target }]) => target === 'connection' || targetsOf(target).length > 0);
  return [
    !hasMirrors && h('p', { class: 'menu-heading' }, 'There is no mirrored database yet. Only the API and new connections can have trouble.'),
    h('div', { key: 'api', class: 'menu-heading' }, 'Faults in the API'),
    Object.entries(FAULTS).map(([preset, { title, beside }]) => entry('fault', preset, title, beside)),
    group('At the source', kinds, 'source'),
    group('In the service', kinds, 'service'),
  ];
}

/** The kinds of a group, each followed by its named causes. */
function group(title, kinds, where) {
  const listed = kinds.filter(([, properties]) => properties.where === where);
  if (listed.length === 0) return null;
  return [
    h('div', { key: `${where}-begin`, class: 'menu-rule', role: 'separator' }),
    h('div', { key: where, class: 'menu-heading' }, title),
    listed.map(([kind, properties]) => [
      entry('trouble', kind, properties.title, kind),
      state.causes
        .filter((cause) => cause.kind === kind)
        .map(({ cause, errorCode }) => entry('trouble', cause, causeTitle(cause), errorCode)),
    ]),
  ];
}

function entry(kind, preset, title, beside) {
  const open = () => {
    closeMenu();
    openTroubleForm(kind, preset);
  };
  return h(
    'button',
    { key: `${kind}-${preset}`, type: 'button', class: 'menu-item', on: { click: open } },
    h('span', null, title),
    beside && h('small', null, beside),
  );
}

/** The items that a kind of trouble can affect. */
export function targetsOf(target) {
  const isCatalog = (item) => item.type.includes('Catalog');
  return items().filter((item) => item.status !== null && (target === 'catalog' ? isCatalog(item) : !isCatalog(item)));
}

/* ---- Opening and changing the form ---- */

let opened = 0;
let waiting = null;

/** Opens the form. `kind` is `trouble` or `fault`; `preset` is a kind, a cause, or a prepared fault; `values` are given to it. */
export function openTroubleForm(kind, preset, values = {}) {
  opened += 1;
  const form = {
    id: opened,
    kind,
    preset,
    values: {},
    touched: new Set(),
    isLooked: isProjected(),
    error: null,
    tables: [],
    dryRun: null,
    isBusy: false,
  };
  form.values = { ...(kind === 'fault' ? faultValues(preset) : troubleValues(form)), ...values };
  state.troubleForm = form;
  openDock('trouble', { movesFocus: false });
  if (kind === 'fault') dryRun();
  else readTables(form);
  changed();
}

function troubleValues(form) {
  const { target } = TROUBLE_KINDS[kindOf(form, state.causes)] ?? {};
  const offered = targetsOf(target);
  const looked = form.isLooked
    ? { starts: 'at', at: dateTime(state.axis.look) }
    : { starts: 'now', at: dateTime(Math.ceil((now() + NEAR) / MINUTE) * MINUTE) };
  return {
    item: (offered.find((item) => item.id === state.route.item) ?? offered[0])?.id ?? '',
    scope: target === 'connection' ? 'connectionDetails' : target === 'table' ? 'table' : 'source',
    table: state.grid.selected ?? '',
    after: '60',
    share: '40',
    ends: 'never',
    endsAfter: '120',
    errorCode: '',
    message: '',
    factor: '10',
    connectionType: '',
    connectionPath: '',
    ...looked,
  };
}

function faultValues(preset) {
  const item = openItem();
  const common = {
    operation: '',
    pattern: '',
    principal: '',
    isOnlyItem: false,
    item: item?.id ?? null,
    when: 'next',
    times: '2',
    probability: '20',
    skip: '0',
  };
  return { ...common, ...FAULTS[preset].values };
}

/** Changes values of the form. Their messages go. */
export function revise(members) {
  const form = state.troubleForm;
  if (!form) return;
  Object.assign(form.values, members);
  for (const name of Object.keys(members)) form.touched.add(name);
  if ('at' in members) form.isLooked = false;
  follow(form, members);
  if (form.error && (form.error.field === null || form.error.field in members)) form.error = null;
  if ('item' in members && form.kind === 'trouble') {
    form.values.table = '';
    readTables(form);
  }
  if (form.kind === 'fault') {
    clearTimeout(waiting);
    waiting = setTimeout(dryRun, DRY_RUN_WAIT);
  }
  changed();
}

/** Changes the values that follow from changed ones, except those that the viewer has changed. */
function follow({ kind, preset, values, touched }, changedValues) {
  if (kind !== 'fault' || !('status' in changedValues)) return;
  const following = FAULTS[preset].follow?.(values) ?? {};
  for (const [name, value] of Object.entries(following)) if (!touched.has(name)) values[name] = value;
}

/** Reads the tables of the chosen item. Before its first start it has none. */
async function readTables(form) {
  const { item } = form.values;
  form.tables = [];
  if (!item) return;
  try {
    const answer = await state.api.control('GET', 'timeline', undefined, { item, limit: 10000 });
    if (form.values.item === item) form.tables = answer.tables.value;
    if (form.values.table === '' && form.tables.length > 0) form.values.table = tableKey(form.tables[0]);
  } catch (error) {
    failed(error);
  }
  changed();
}

/** Counts the requests in the journal that the rule would have struck. */
async function dryRun() {
  const form = state.troubleForm;
  if (form?.kind !== 'fault') return;
  try {
    const rule = faultRequest(form);
    const answer = await state.api.control('POST', 'faults/dry-run', rule);
    form.dryRun = { matched: answer.matched, struck: answer.struck, total: state.exchanges.length };
  } catch (error) {
    form.dryRun = null;
    if (!(error instanceof FieldError)) failed(error);
  }
  changed();
}

/* ---- Sending the form ---- */

async function submit(event) {
  event.preventDefault();
  const form = state.troubleForm;
  if (!form || form.isBusy) return;
  Object.assign(form, { isBusy: true, error: null });
  changed();
  try {
    if (form.kind === 'fault') await state.api.control('POST', 'faults', faultRequest(form));
    else await state.api.control('POST', 'trouble', troubleRequest(form, state.causes));
    (form.kind === 'fault' ? faults : troubles).refresh({ now: true });
    toast(form.kind === 'fault' ? 'The fault rule is added' : 'The trouble is planned');
    if (state.troubleForm === form) closeForm();
  } catch (error) {
    rejected(form, error);
  }
  form.isBusy = false;
  changed();
}

function rejected(form, error) {
  if (!(error instanceof FieldError)) failed(error);
  if (error instanceof FieldError) form.error = { field: error.field, message: error.message };
  else if (error instanceof ApiError) form.error = placed(error);
  else form.error = { field: null, message: 'The emulator does not answer.' };
  // The message is drawn with the next frame; the field that it belongs to gets the focus then.
  afterRendering(() => document.querySelector('.dock form [aria-invalid=true]')?.focus());
}

function closeForm() {
  state.troubleForm = null;
  changed();
  document.getElementById('add-trouble')?.focus();
}

/** Escape in the form closes it, so that the focus is not lost. */
function onKey(event) {
  if (event.key !== 'Escape') return;
  event.preventDefault();
  closeForm();
}

/* ---- The form ---- */

/** Describes the open form. */
export function troubleForm() {
  const form = state.troubleForm;
  if (!form) return null;
  const isFault = form.kind === 'fault';
  const fields = isFault ? faultFields(form) : troubleFields(form, kindOf(form, state.causes));
  const isPlaced = form.error && fields.names.includes(form.error.field);
  return h(
    'form',
    {
      key: `form-${form.id}`,
      class: 'section form',
      novalidate: true,
      'aria-labelledby': 'trouble-title',
      on: { submit, keydown: onKey },
      mount: focusFirst,
    },
    [
      h('h3', { id: 'trouble-title' }, title(form)),
      fields.content,
      form.error && !isPlaced && messageOf('trouble-message', form.error.message),
      isFault && h('p', { class: 'hint', role: 'status' }, dryRunText(form)),
      h('div', { class: 'row-of-buttons' }, [
        h(
          'button',
          { type: 'submit', class: 'button primary', disabled: form.isBusy },
          isFault ? 'Add the fault rule' : 'Plan the trouble',
        ),
        h('button', { type: 'button', class: 'button', on: { click: closeForm } }, 'Cancel'),
      ]),
    ],
  );
}

function focusFirst(node) {
  node.querySelector('input, select, textarea')?.focus();
  node.scrollIntoView({ block: 'nearest' });
}

function title({ kind, preset }) {
  if (kind === 'fault') return FAULTS[preset].title;
  return TROUBLE_KINDS[preset]?.title ?? causeTitle(preset);
}

function dryRunText({ dryRun: result }) {
  if (!result) return 'Fill in the form to see which requests of the journal it would have struck.';
  if (result.total === 0) return 'The journal has no requests to try the rule on.';
  return `Would have struck ${result.struck} of the last ${result.total} requests.`;
}
