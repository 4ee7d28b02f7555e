// The list of tables or databases. Only the rows in view are elements, so that thousands of rows cost no more than thirty.

import { afterRendering, h } from './dom.js';
import { isDragging, laneEvents } from './axis.js';
import { openDock } from './dock.js';
import { count, moment, number, time } from './format.js';
import { glyph, status } from './icons.js';
import { spans } from './lanes.js';
import { GROUP_NAMES } from './portal.js';
import { changed, isProjected, now, openItem, set, shownInstant, state } from './store.js';

const COLUMNS = [
  { by: 'name', label: 'Name' },
  { by: 'status', label: 'Status' },
  { by: 'api', label: 'API value' },
  { by: 'rows', label: 'Rows replicated', isNumber: true },
  { by: 'last', label: 'Last completed', isNumber: true },
  { by: 'latency', label: 'Latency', isNumber: true },
];
const ROW = 34;
const CARD = 78;
/** Rows above and below the ones in view that are elements too. */
const SPARE = 4;
const FLASH = 1600;

export const isPhone = () => innerWidth <= 760;
/** `true` if the whole of main scrolls, and not the rows alone. */
export const isFlowing = () => isPhone() || innerHeight <= 620;
const rowHeight = () => (isPhone() ? CARD : ROW);

/** The row that the keyboard is at. */
let active = null;
/** The shown status of each row, and when it changed, for a short flash. */
let seen = new Map();

export function tools({ rows, counts, total }) {
  const noun = openItem() ? 'table' : 'database';
  const groups = Object.entries(GROUP_NAMES[noun]);
  const chip = ([group, label]) => {
    const props = { type: 'button', class: 'chip', 'aria-pressed': String(state.grid.group === group), on: { click: () => filterGroup(group) } };
    return h('button', props, label, h('small', null, number(counts[group])));
  };
  const said = rows.length === total ? count(total, noun) : `${number(rows.length)} of ${count(total, noun)}`;
  return h('div', { class: 'tools' }, [
    h('input', {
      id: 'filter', class: 'input', type: 'search', placeholder: 'Filter by name', 'aria-label': 'Filter by name',
      value: state.grid.filter,
      on: { input: onFilter },
    }),
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Filter by status' }, groups.map(chip)),
    h('select', { class: 'input sort-select', 'aria-label': 'Sort', value: state.grid.sort.by, on: { change: (event) => sortBy(event.target.value) } },
      COLUMNS.map((column) => h('option', { value: column.by, selected: column.by === state.grid.sort.by }, column.label))),
    h('span', { class: 'tools-count', role: 'status' }, said),
    h('button', { type: 'button', class: 'button wide-lanes', title: WIDE_HINT, 'aria-pressed': String(state.grid.isWide), on: { click: toggleWide } }, 'Wide lanes'),
  ]);
}

const WIDE_HINT = 'Leaves out API value, Last completed and Latency';

/** Gives the lanes the room of three columns, or takes it back. The browser remembers it. */
export function toggleWide() {
  const isWide = !state.grid.isWide;
  localStorage.setItem('lanes', isWide ? 'wide' : 'normal');
  set('grid', { isWide });
}

function onFilter(event) {
  state.grid.filter = event.target.value;
  const body = document.getElementById('rows');
  if (body) body.scrollTop = 0;
  changed();
}

export function filterGroup(group) {
  set('grid', { group });
}

function sortBy(by) {
  const { sort } = state.grid;
  const isNumber = COLUMNS.find((column) => column.by === by).isNumber ?? false;
  set('grid', { sort: { by, isDescending: sort.by === by ? !sort.isDescending : isNumber } });
}

export function grid(shown) {
  const { rows } = shown;
  const label = openItem() ? 'Tables' : 'Mirrored databases';
  const why = rows.length === 0 && emptyText(shown);
  return h('div', { class: 'grid', role: 'grid', 'aria-label': label, 'aria-rowcount': rows.length + 1, on: { keydown: (event) => onKey(event, rows) } }, [
    h('div', { role: 'rowgroup' }, heading()),
    h('div', { id: 'rows', class: 'grid-body', role: 'rowgroup', tabindex: -1, on: { scroll: changed } },
      h('div', { class: 'grid-space', role: 'presentation', style: { height: `${rows.length * rowHeight()}px` } }, visibleRows(rows)),
      why && h('div', { class: 'grid-empty', role: 'row' }, h('div', { role: 'gridcell' }, why))),
  ]);
}

/** Says why no row is listed. */
function emptyText({ total }) {
  const item = openItem();
  if (total > 0) return `No ${item ? 'table' : 'database'} matches the filter.`;
  if (item && state.tables === null) return 'Reading the tables.';
  if (!item) return `No database existed at ${time(shownInstant())}.`;
  return `No table ${isProjected() ? 'is projected for' : 'was listed at'} ${moment(shownInstant(), now())}. Tables show up once mirroring is Running.`;
}

function heading() {
  const { sort } = state.grid;
  const cell = ({ by, label, isNumber }) => {
    const order = sort.by === by ? (sort.isDescending ? 'descending' : 'ascending') : null;
    const button = h('button', { type: 'button', on: { click: () => sortBy(by) } }, label);
    return h('div', { role: 'columnheader', class: isNumber ? 'number' : null, 'aria-sort': order }, button);
  };
  return h('div', { class: 'grid-head', role: 'row' }, COLUMNS.map(cell), h('div', { role: 'columnheader' }, h('span', { class: 'hidden-text' }, 'Status over time')));
}

/** The indices of the rows in view. */
function inView(total) {
  const body = document.getElementById('rows');
  const main = document.getElementById('main');
  if (!body || !main) return [0, Math.min(total, 40)];
  const scroller = isFlowing() ? main : body;
  const top = isFlowing() ? main.getBoundingClientRect().top - body.getBoundingClientRect().top : body.scrollTop;
  const first = Math.floor(top / rowHeight()) - SPARE;
  const last = Math.ceil((top + scroller.clientHeight) / rowHeight()) + SPARE;
  return [Math.max(0, first), Math.max(0, Math.min(total, last))];
}

function visibleRows(rows) {
  const [first, end] = inView(rows.length);
  const indices = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  const focused = rows.findIndex((row) => row.key === active);
  if (focused !== -1 && !indices.includes(focused)) indices.push(focused);
  const reachable = focused !== -1 ? focused : indices[0];
  const before = seen;
  seen = new Map();
  return indices.map((index) => row(rows[index], index, index === reachable, before));
}

function row(shown, index, isReachable, before) {
  const isSelected = shown.isTable && state.grid.selected === shown.key;
  const props = {
    key: shown.key, class: 'grid-row', role: 'row', 'aria-rowindex': index + 2, 'aria-selected': String(isSelected), tabindex: isReachable ? 0 : -1,
    style: { transform: `translateY(${index * rowHeight()}px)` },
    on: { click: (event) => onClick(event, shown), focus: () => (active = shown.key) },
    'data-key': shown.key,
  };
  const projected = isProjected() ? 'is-projected' : '';
  const last = shown.last === null ? '–' : moment(shown.last, now());
  const more = [shown.last !== null && moment(shown.last, now()), shown.latency !== null && `${shown.latency} s`].filter(Boolean).join(', ');
  const since = shown.since === null ? '' : `${shown.status} since ${time(shown.since)}`;
  return h('div', props, [
    h('div', { role: 'gridcell', class: 'cell-name' }, name(shown)),
    h('div', { role: 'gridcell', class: `cell-status ${flash(shown, before)}` }, status(shown.shown)),
    h('div', { role: 'gridcell', class: 'cell-api' }, shown.status),
    h('div', { role: 'gridcell', class: `cell-rows number ${projected}` }, [
      shown.rows === null ? h('span', { class: 'dim' }, '–') : number(shown.rows),
      h('span', { class: 'phone-only dim' }, shown.rows !== null && ` rows${more ? `, ${more}` : ''}`),
      shown.share !== null && progress(shown.share * 100),
    ]),
    h('div', { role: 'gridcell', class: `cell-last number ${shown.last === null ? 'dim' : projected}` }, last),
    h('div', { role: 'gridcell', class: `cell-latency number ${shown.latency === null ? 'dim' : projected}` }, shown.latency === null ? '–' : `${shown.latency} s`),
    h('div', { role: 'gridcell', class: 'lane', on: laneEvents }, [
      h('span', { class: 'hidden-text' }, since),
      h('div', { 'aria-hidden': 'true' }, spans(shown.spans, shown.look, { errors: shown.errors })),
    ]),
  ]);
}

const progress = (percentage) =>
  h('span', { class: 'progress', role: 'img', 'aria-label': `${Math.round(percentage)} % copied` }, h('i', { style: { width: `${percentage.toFixed(1)}%` } }));

function name(shown) {
  if (shown.isTable) {
    const schema = shown.schema && h('span', { class: 'dim', dir: 'auto' }, `${shown.schema}.`);
    return [schema, h('span', { dir: 'auto', title: shown.label }, shown.name), shown.isView && h('span', { class: 'tag' }, 'view')];
  }
  const { workspace } = shown.item;
  return [
    h('a', { href: `#/item/${shown.key}`, tabindex: -1, dir: 'auto', title: `${shown.name} in ${workspace.displayName}` }, shown.name),
    h('span', { class: 'dim' }, shown.tables ? ` ${count(shown.tables, 'table')}` : ''),
  ];
}

/** A status that changed while it was in view flashes once. Looking at another time is no change. */
function flash(shown, before) {
  const last = before.get(shown.key);
  const value = `${shown.shown.word} ${shown.status}`;
  const isChange = last && last.value !== value && state.axis.look === null;
  const since = isChange ? performance.now() : (last?.since ?? -FLASH);
  seen.set(shown.key, { value, since });
  return performance.now() - since < FLASH ? 'has-changed' : '';
}

function onClick(event, shown) {
  if (isDragging() || event.target.closest('a')) return;
  active = shown.key;
  if (!shown.isTable) {
    location.hash = `#/item/${shown.key}`;
    return;
  }
  state.grid.selected = shown.key;
  openDock('table');
}

const MOVES = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

function onKey(event, rows) {
  if (!event.target.classList.contains('grid-row')) return;
  if (event.key === 'Enter') {
    event.target.click();
    return;
  }
  if (!(event.key in MOVES) || rows.length === 0) return;
  event.preventDefault();
  const from = Math.max(0, rows.findIndex((row) => row.key === active));
  const index = Math.max(0, Math.min(rows.length - 1, from + MOVES[event.key]));
  active = rows[index].key;
  scrollTo(index);
  changed();
  afterRendering(focusActive);
}

/** Brings the row that the keyboard is at into focus. */
export function focusActive() {
  const found = [...document.querySelectorAll('.grid-row')].find((element) => element.dataset.key === active);
  found?.focus({ preventScroll: !isFlowing() });
}

function scrollTo(index) {
  const body = document.getElementById('rows');
  const top = index * rowHeight();
  if (isFlowing()) return;
  if (top < body.scrollTop) body.scrollTop = top;
  else if (top + rowHeight() > body.scrollTop + body.clientHeight) body.scrollTop = top + rowHeight() - body.clientHeight;
}

/** The place of a glyph beside a sentence. */
export const sign = (shown) => h('span', { class: `tone-${shown.tone}` }, glyph(shown.glyph));
