// The contents of the menus.

import { copyCurl, copyText } from './copy.js';
import { curlOf } from './curl.js';
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { field, input, select } from './form.js';
import { HOUR, count, iso, parse } from './format.js';
import { toggleWide } from './grid.js';
import { icon } from './icons.js';
import { closeMenu } from './menu.js';
import { attempt, changed, mirrors, now, openItem, settings, state, toast } from './store.js';
import { spansOf } from './spans.js';
import { isShown, saveSnapshot, tenantHref, tenantName } from './tenants.js';
import { jumpTo } from './time-bar.js';

const JUMPS = [
  [10, '+10 s'],
  [60, '+1 min'],
  [600, '+10 min'],
  [3600, '+1 h'],
  [86400, '+1 day'],
];
const STATUSES = ['Initialized', 'Starting', 'Running', 'Stopping', 'Stopped', 'Paused'];
/** The status calls by type of item: method, collection, operation of the item, operation of its tables. */
const STATUS_CALLS = {
  MirroredDatabase: ['POST', 'mirroredDatabases', 'getMirroringStatus', 'getTablesMirroringStatus'],
  MirroredCatalog: ['GET', 'mirroredCatalogs', 'mirroringStatus?beta=true', 'tablesMirroringStatus?beta=true'],
};
const PACES = [
  ['fast', 'about a second for each step'],
  ['realistic', 'as long as in Fabric'],
  ['instant', 'no time'],
];

const heading = (text) => h('div', { class: 'menu-heading' }, text);
const rule = () => h('div', { class: 'menu-rule', role: 'separator' });

/** An item of a menu. The menu closes before the act, so that the focus returns to its button. */
function entry(label, act, { beside, isDangerous = false, ...props } = {}) {
  const click = () => {
    closeMenu();
    act();
  };
  return h(
    'button',
    { key: label, type: 'button', class: `menu-item ${isDangerous ? 'danger' : ''}`, on: { click }, ...props },
    h('span', null, label),
    beside && h('small', null, beside),
  );
}

/* ---- Tenant ---- */

export function tenantMenu() {
  const isListed = state.tenants.some(isShown);
  return [
    heading('Tenant'),
    !isListed &&
      state.api.tenant &&
      h(
        'a',
        { key: 'shown', class: 'menu-item', href: tenantHref(state.api.tenant), 'aria-current': 'true' },
        h('span', { dir: 'auto' }, state.api.tenant),
      ),
    state.tenants.map(tenant),
    rule(),
    entry('Fork this tenant…', () => openDialog('fork'), { beside: 'a copy with its own time' }),
    entry('Load a scenario…', () => openDialog('scenario')),
    entry('Save a snapshot', saveSnapshot, { beside: 'as a file' }),
    entry('Load a snapshot…', () => openDialog('snapshot')),
    rule(),
    entry('Reset this tenant…', () => openDialog('reset'), { isDangerous: true }),
  ];
}

function tenant(each) {
  const name = tenantName(each);
  const clock = each.paused ? `${each.mode}, paused` : each.mode;
  return h(
    'a',
    {
      key: each.id,
      class: 'menu-item',
      href: tenantHref(each.isDefault ? null : name),
      title: each.id,
      'aria-current': isShown(each) ? 'true' : null,
    },
    [h('span', { dir: 'auto' }, name), h('small', null, `${count(each.workspaces, 'workspace')}, ${clock}`)],
  );
}

/* ---- Jump ---- */

export function jumpMenu() {
  const draft = state.menu.draft ?? {};
  return [
    heading('Move forward'),
    h(
      'div',
      { class: 'row-of-buttons' },
      JUMPS.map(([seconds, label]) =>
        h('button', { type: 'button', class: 'button', on: { click: () => leave(() => jumpTo(now() + seconds * 1000)) } }, label),
      ),
    ),
    rule(),
    untilForm(draft),
    rule(),
    toForm(draft),
    rule(),
    h(
      'div',
      { class: 'form' },
      field(
        { id: 'jump-pace', label: 'Pace', hint: PACE_HINT },
        select(
          state.settings?.pace,
          PACES.map(([pace, meaning]) => [pace, `${pace}: ${meaning}`]),
          setPace,
        ),
      ),
    ),
  ];
}

/* ---- Pace ---- */

const PACE_HINT = 'How long steps such as Starting and Snapshotting take. A step that has begun keeps its duration.';

export function paceMenu() {
  const shown = state.settings?.pace;
  return [
    heading('Pace'),
    PACES.map(([pace, meaning]) => {
      const isChosen = pace === shown;
      return entry(pace, () => setPace(pace), { beside: meaning, 'aria-pressed': String(isChosen), 'aria-current': isChosen ? 'true' : null });
    }),
    h('p', { class: 'hint' }, PACE_HINT),
  ];
}

function leave(act) {
  closeMenu();
  return act();
}

function revise(members) {
  state.menu.draft = { ...state.menu.draft, ...members };
  changed();
}

const setPace = (pace) =>
  attempt(async () => {
    await state.api.control('PATCH', 'settings', { pace });
    settings.refresh({ now: true });
  }, `The pace is ${pace}`);

const onSubmit = (act) => ({
  submit: (event) => {
    event.preventDefault();
    const { draft } = state.menu;
    leave(() => act(draft ?? {}));
  },
});

function untilForm(draft) {
  const databases = mirrors();
  if (databases.length === 0) return h('p', { class: 'menu-heading' }, 'No database is there yet');
  const chosenItem = ({ id = openItem()?.id }) => databases.find((each) => each.id === id) ?? databases[0];
  const item = chosenItem(draft);
  const { status = 'Running' } = draft;
  return h('form', { class: 'form', on: onSubmit((last) => jumpUntil(chosenItem(last), last.status ?? 'Running')) }, [
    field(
      { id: 'jump-item', label: 'Until' },
      select(
        item.id,
        databases.map((each) => [each.id, each.displayName]),
        (chosen) => revise({ id: chosen }),
      ),
    ),
    h(
      'div',
      { class: 'fields-two' },
      field(
        { id: 'jump-status', label: 'is' },
        select(
          status,
          STATUSES.map((each) => [each, each]),
          (chosen) => revise({ status: chosen }),
        ),
      ),
      h('button', { class: 'button' }, 'Jump there'),
    ),
  ]);
}

/**
 * Jumps to the instant at which a database gets a status by time alone. The instant is that of its timeline, so that the
 * clock jumps in every mode, and does not move for a status that does not come.
 */
async function jumpUntil(item, status) {
  const answer = await attempt(() => state.api.control('GET', 'timeline', undefined, { item: item.id, limit: 0 }));
  if (!answer) return;
  const present = parse(answer.now);
  const spans = spansOf(answer.spans);
  const isNow = spans.some((span) => span.status === status && span.from <= present && (span.to === null || span.to > present));
  const ahead = spans.find((span) => span.status === status && span.from > present);
  if (isNow) toast(`${item.displayName} is ${status} already`);
  else if (!ahead) toast(`${item.displayName} does not become ${status} by time alone`);
  else await jumpTo(ahead.from + 1);
}

function toForm(draft) {
  const next = iso(Math.ceil((now() + 1) / HOUR) * HOUR).slice(0, 16);
  const value = draft.at ?? next;
  const go = ({ at = next }) => {
    const instant = parse(`${at}Z`);
    if (Number.isNaN(instant)) toast('Write a date and a time');
    else jumpTo(instant);
  };
  return h('form', { class: 'form', on: onSubmit(go) }, [
    field(
      { id: 'jump-at', label: 'To a date and time, UTC' },
      input({ type: 'datetime-local', value, step: 1, required: true, on: { input: (event) => revise({ at: event.target.value }) } }),
    ),
    h('button', { class: 'button' }, 'Jump there'),
  ]);
}

/* ---- More ---- */

export function moreMenu() {
  const item = openItem();
  const { isWide } = state.grid;
  return [
    item?.type === 'MirroredDatabase' && entry('Edit definition', () => (location.hash = `#/item/${item.id}/definition`)),
    item && [
      statusCalls(item).map(([label, method, path]) => entry(label, () => copyCurl(curlOf(method, path)))),
      entry('Copy id', () => copyText(item.id, 'The id is copied'), { beside: item.id }),
      rule(),
    ],
    entry('Wide lanes', toggleWide, { 'aria-pressed': String(isWide), beside: isWide && icon('close') }),
    item && [rule(), entry('Delete…', () => openDialog('delete', { item }), { isDangerous: true })],
  ];
}

/** The requests for the status of an item and of its tables: label, method, path. */
function statusCalls({ id, type, workspace }) {
  const [method, kind, item, tables] = STATUS_CALLS[type] ?? [];
  if (!kind) return [];
  const path = `/v1/workspaces/${workspace.id}/${kind}/${id}`;
  return [
    ['Copy status request as curl', method, `${path}/${item}`],
    ['Copy tables status request as curl', method, `${path}/${tables}`],
  ];
}
