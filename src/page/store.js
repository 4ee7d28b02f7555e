// The state of the page: what the emulator told, and what the viewer has chosen. Everything that is shown follows from it.

import { Api, ApiError, Unreachable } from './api.js';
import { Clock } from './clock.js';
import { MINUTE, parse } from './format.js';
import { Resource } from './resource.js';
import { errorsOf, spansOf, tableKey } from './spans.js';

const TENANT = new URLSearchParams(location.search).get('tenant');
const EXCHANGES_MAX = 2000;
const RETRY = 1000;
/** So many troubles that were removed after their beginning are remembered. */
const REMOVED_MAX = 200;

export const state = {
  api: new Api(TENANT),
  clock: new Clock(),
  /** `false` until the first overview has arrived. */
  isLoaded: false,
  /** The instant of the last answer, if the emulator does not answer any more. */
  lost: null,
  tenants: [],
  workspaces: [],
  settings: null,
  scenarios: [],
  causes: [],
  troubles: [],
  areTroublesRead: false,
  /** Trouble that had begun, and that the emulator does not list any more because it was deleted. */
  removedTroubles: [],
  faults: [],
  exchanges: [],
  /** The timelines of items by id: spans, aggregates at instants, and the periods in which tables have an error. */
  timelines: new Map(),
  /** Figures of the tables of the open item by their key, and the instant that they are of. */
  figures: { at: null, byKey: new Map() },
  /** The tables of the open item; `null` until they are read. */
  tables: null,

  route: { item: null, tab: 'monitor' },
  axis: { length: 30 * MINUTE, from: null, look: null },
  grid: { filter: '', group: 'all', sort: { by: 'name', isDescending: false }, selected: null, isWide: localStorage.getItem('lanes') === 'wide' },
  dock: null,
  journal: { filter: '', kind: 'all', isOnlyItem: false, open: null, details: new Map() },
  troubleForm: null,
  dialog: null,
  menu: null,
  tree: { isOpen: false, filter: '' },
  definition: null,
  toasts: [],
  preferences: { keys: localStorage.getItem('keys') !== 'off', hasLooked: localStorage.getItem('has-looked') !== null },
};

/* ---- What follows from the state ---- */

export const now = () => state.clock.now();
/** The instant that is shown: the one that is looked at, or now. */
export const shownInstant = () => state.axis.look ?? now();
export const isProjected = () => state.axis.look !== null && state.axis.look > now();
export const items = () => state.workspaces.flatMap((workspace) => workspace.items.map((item) => ({ ...item, workspace })));
export const mirrors = () => items().filter((item) => item.status !== null);
export const openItem = () => items().find((item) => item.id === state.route.item) ?? null;
export const itemsById = () => new Map(items().map((item) => [item.id, item]));

/* ---- Showing it ---- */

let draw = () => {};
let isDrawing = false;

/** `callback` renders the page. */
export function onChange(callback) {
  draw = callback;
}

let definitionChanged = () => {};

/** `callback` is called with the id of an item whose definition has changed, or may have changed unnoticed. */
export function onDefinition(callback) {
  definitionChanged = callback;
}

/** Renders the page with the next frame. */
export function changed() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

/** Changes members of a part of the state, and renders. */
export function set(part, members) {
  Object.assign(state[part], members);
  changed();
}

export function toast(text) {
  const shown = { text };
  state.toasts.push(shown);
  changed();
  setTimeout(() => {
    state.toasts = state.toasts.filter((other) => other !== shown);
    changed();
  }, 4000);
}

/** Runs an act of the viewer. A rejection becomes a message. Returns `null` in that case. */
export async function attempt(act, done) {
  try {
    const answer = await act();
    if (done) toast(done);
    return answer ?? true;
  } catch (error) {
    failed(error);
    if (error instanceof ApiError) toast(`${error.status} ${error.code}: ${error.text}`);
    return null;
  }
}

/* ---- Reading ---- */

/** `true` until the items are known: at the beginning, and after they were replaced. */
let isOutdated = true;

const resource = (read, show) =>
  new Resource(
    read,
    (value) => {
      show(value);
      changed();
    },
    failed,
  );

export const overview = resource(
  () => state.api.control('GET', 'overview'),
  (answer) => {
    state.tenants = answer.tenants;
    state.workspaces = answer.workspaces;
    state.clock.set(answer.clock);
    state.isLoaded = true;
    // Before, the items and the instants to read were unknown.
    if (isOutdated) {
      isOutdated = false;
      readItem();
    }
  },
);
const clock = resource(() => state.api.control('GET', 'clock'), (answer) => state.clock.set(answer));
export const settings = resource(() => state.api.control('GET', 'settings'), (answer) => (state.settings = answer));
export const troubles = resource(() => state.api.control('GET', 'trouble'), (answer) => {
  state.troubles = answer.value.map(datedTrouble);
  state.areTroublesRead = true;
});
export const faults = resource(() => state.api.control('GET', 'faults'), (answer) => (state.faults = answer.value));
const causes = resource(() => state.api.control('GET', 'trouble/causes'), (answer) => (state.causes = answer.value));
const scenarios = resource(() => state.api.control('GET', 'scenarios'), (answer) => (state.scenarios = answer.value));
const exchanges = resource(
  () => state.api.control('GET', 'journal', undefined, { limit: EXCHANGES_MAX, bodies: 'off' }),
  (answer) => (state.exchanges = answer.split('\n').filter(Boolean).map((line) => exchange(JSON.parse(line)))),
);

/** The spans of the tables of the open item. They change with facts only, not with time. Tables that are ahead are listed at their instant only. */
const tables = resource(
  () => timeline({ item: state.route.item, at: isProjected() ? new Date(state.axis.look).toISOString() : undefined, limit: 10000 }),
  (answer) => {
    if (answer?.item !== state.route.item) return;
    state.tables = answer.tables.value.map((table) => ({
      key: tableKey(table),
      schema: table.sourceSchemaName,
      name: table.sourceTableName,
      isView: table.sourceObjectType === 'View',
      spans: spansOf(table.spans),
    }));
    takeFigures(answer);
  },
);

/** The figures of the tables of the open item at the shown instant. */
export const figures = resource(
  () => {
    const at = new Date(shownInstant()).toISOString();
    return timeline({ item: state.route.item, at, from: at, to: at, limit: 10000 });
  },
  takeFigures,
);

function takeFigures(answer) {
  if (answer?.item !== state.route.item) return;
  state.figures = {
    at: parse(answer.at),
    byKey: new Map(answer.tables.value.map((table) => [tableKey(table), { ...table.metrics, lastSync: parse(table.metrics?.lastSyncDateTime) }])),
  };
  const known = new Set(state.tables?.map(({ key }) => key));
  if (state.tables !== null && [...state.figures.byKey.keys()].some((key) => !known.has(key))) tables.refresh({ now: true });
}

/** The spans and the aggregates of the shown databases. */
const curves = resource(
  () => {
    const shown = state.route.item ? [state.route.item] : mirrors().slice(0, 40).map((item) => item.id);
    return Promise.all(shown.map(readTimeline));
  },
  () => {},
);

async function readTimeline(item) {
  const [from, to] = curveRange();
  const { length } = state.axis;
  const hasTables = needsTables(item);
  const answer = await timeline({ item, limit: hasTables ? 10000 : 0 });
  const inRange = await timeline({ item, from: new Date(from).toISOString(), to: new Date(to).toISOString(), points: 300, limit: 0 });
  const points = (inRange?.points ?? []).map((point) => ({ ...point, at: parse(point.at) }));
  const read = (answer?.tables.value ?? []).map((table) => ({ spans: spansOf(table.spans) }));
  state.timelines.set(item, { spans: spansOf(answer?.spans ?? []), points, from, to, length, errors: hasTables ? errorsOf(read) : null });
  changed();
}

/** Whether a table of an item that is not open has, had or will have an error. The tables of the open item are read anyway. */
function needsTables(id) {
  if (id === state.route.item) return false;
  const item = mirrors().find((each) => each.id === id);
  const isOfTables = ({ target }) => (target.item === id && target.table) || (target.source && [item?.source?.connectionId, id].includes(target.source));
  return (item?.tablesInError ?? 0) > 0 || [...state.troubles, ...state.removedTroubles].some(isOfTables);
}

/** The periods of errors of the tables of the open item, by those tables. */
const errorsByTables = new WeakMap();

/** Returns the periods in which tables of an item have an error, as far as they are known. */
export function tableErrors(id) {
  const { tables: open, route, timelines } = state;
  if (id !== route.item || open === null) return timelines.get(id)?.errors ?? [];
  if (!errorsByTables.has(open)) errorsByTables.set(open, errorsOf(open));
  return errorsByTables.get(open);
}

/** The range for which aggregates are read: half a window more than is shown, on both sides. */
function curveRange() {
  const { length, from } = state.axis;
  const start = from ?? now() - length * 0.7;
  return [start - length / 2, start + length * 1.5];
}

/** Reads the timeline of an item; `null` if there is no such item any more, or if it has none. */
async function timeline(query) {
  if (isOutdated || !mirrors().some((item) => item.id === query.item)) return null;
  try {
    return await state.api.control('GET', 'timeline', undefined, query);
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}

/** Returns a trouble of the API with the instants of its beginning and its end as numbers. */
export function datedTrouble(trouble) {
  return { ...trouble, fromAt: parse(trouble.from), toAt: parse(trouble.to) };
}

function exchange(line) {
  return { ...line, at: parse(line.time), id: line.headers?.RequestId ?? line.headers?.requestid ?? null };
}

/* ---- Following ---- */

/** Reads everything again. */
export function readAll() {
  isOutdated = true;
  for (const each of [overview, settings, troubles, faults, causes, scenarios, exchanges]) {
    each.reset();
    each.refresh({ now: true });
  }
  definitionChanged(state.route.item);
}

/** Reads the open item again. */
export function readItem() {
  if (isOutdated) return;
  for (const each of [tables, curves]) {
    each.reset();
    each.refresh({ now: true });
  }
}

let stream = null;
let retry = null;

/** Opens the stream of events. Everything is read again once it is open, so that no change is missed. */
export function follow() {
  overview.refresh({ now: true });
  stream?.close();
  stream = new EventSource(state.api.address('/_emulator/events'));
  stream.onopen = () => {
    state.lost = null;
    state.clock.thaw();
    state.removedTroubles = [];
    readAll();
    changed();
  };
  stream.onerror = () => failed(new Unreachable('the stream of events ended'));
  const on = (type, take) => stream.addEventListener(type, (event) => take(JSON.parse(event.data)));
  on('clock', (answer) => {
    state.clock.set(answer);
    figures.refresh({ now: true });
    overview.refresh({ now: true });
  });
  on('exchange', (line) => {
    state.exchanges.push(exchange(line));
    if (state.exchanges.length > EXCHANGES_MAX) state.exchanges.shift();
  });
  on('fault', () => faults.refresh({ now: true }));
  for (const type of ['change', 'item']) on(type, factsChanged);
  on('item', ({ itemId, what }) => what === 'definition' && definitionChanged(itemId));
  on('trouble', (trouble) => {
    remember(trouble);
    factsChanged();
  });
  on('reset', () => {
    state.removedTroubles = [];
    readAll();
  });
  on('resync', readAll);
  on('settings', () => {
    settings.refresh({ now: true });
    factsChanged();
  });
}

/** Remembers deleted trouble that had begun: its effects remain visible. */
function remember({ deleted, ...trouble }) {
  const dated = datedTrouble(trouble);
  if (!deleted || dated.fromAt === null || dated.fromAt > now()) return;
  const toAt = dated.kind === 'reseed' ? dated.toAt : Math.min(dated.toAt ?? Infinity, now());
  state.removedTroubles = [...state.removedTroubles, { ...dated, toAt, state: 'ended' }].slice(-REMOVED_MAX);
}

function factsChanged() {
  for (const each of [overview, tables, curves, figures, troubles]) each.refresh({ now: true });
}

/** Shows that the emulator does not answer, and tries again. */
export function failed(error) {
  if (!(error instanceof Unreachable)) {
    if (!(error instanceof ApiError)) console.error(error);
    return;
  }
  if (state.lost === null) {
    state.lost = now();
    isOutdated = true;
    state.clock.freeze();
    changed();
  }
  retry ??= setTimeout(() => {
    retry = null;
    reconnect();
  }, RETRY);
}

export async function reconnect() {
  try {
    await state.api.control('GET', 'health');
    follow();
  } catch (error) {
    failed(error);
  }
}

/** Called often while the clock runs: reads the figures that time changes. */
export function tick() {
  if (state.lost !== null || !state.isLoaded) return;
  if (state.clock.nextChange && state.clock.nextChange.at <= now()) clock.refresh();
  if (state.clock.isRunning) {
    overview.refresh();
    if (state.axis.look === null) figures.refresh();
  }
  const [from, to] = curveRange();
  const isOutdated = (shown) => !shown || shown.length !== state.axis.length || shown.from > from + shown.length / 2 || shown.to < to - shown.length / 2;
  const wanted = state.route.item ? [state.route.item] : mirrors().slice(0, 40).map((item) => item.id);
  const lacksTables = (id) => needsTables(id) && state.timelines.get(id)?.errors === null;
  if (wanted.some((id) => isOutdated(state.timelines.get(id)) || lacksTables(id))) curves.refresh({ now: true });
}
