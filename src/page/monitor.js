// Monitor replication: the summary lanes and the list, for one item or for all mirrored databases.

import { startSentence } from './auto-start.js';
import { h } from './dom.js';
import { actButton, mirroringAct } from './acts.js';
import { LENGTHS, LOOK_HINT, axis, laneEvents, look, percent, placeOf, visible, zoom } from './axis.js';
import { count, duration, moment, number, shortNumber, time } from './format.js';
import { filterGroup, grid, sign, tools } from './grid.js';
import { status } from './icons.js';
import { curve, requests, spans, troubleMarks } from './lanes.js';
import { openDialog } from './dialog.js';
import { openDock } from './dock.js';
import { jumpTo } from './time-bar.js';
import { groupOf } from './portal.js';
import { allRows, databaseRow, pointAt, rateAt, shownRows } from './rows.js';
import { isProjected, mirrors, now, openItem, set, shownInstant, state } from './store.js';
import { causeOf } from './trouble-acts.js';
import { troublesOf, unended, unendedCount } from './troubles.js';

const TICKS_MAX = 400;

export function monitor() {
  const item = openItem();
  const shown = shownRows();
  const hasRows = item ? state.tables?.length !== 0 : mirrors().length > 0;
  const style = { '--now': percent(Math.max(-1, Math.min(101, placeOf(now())))), '--look': state.axis.look === null ? '-9px' : percent(placeOf(state.axis.look)) };
  return h('div', { key: 'monitor', class: `monitor ${state.grid.isWide ? 'is-wide' : ''}`, style }, [
    summary(item),
    note(item),
    hasRows ? [tools(shown), grid(shown)] : noRows(item),
  ]);
}

/* ---- The summary ---- */

function summary(item) {
  return h('div', { class: 'summary' }, [
    h('div', { class: 'summary-row is-axis' }, h('div', { class: 'axis-tools' }, lengths(), lookControls()), axis()),
    item && databaseLane(item),
    rowsLane(item),
    latencyLane(item),
    requestsLane(item),
    troubleLane(item),
  ]);
}

function lengths() {
  const button = ([length, label]) => h('button', { type: 'button', 'aria-pressed': String(state.axis.length === length), on: { click: () => zoom(length) } }, label);
  return h('div', { class: 'segmented', role: 'group', 'aria-label': 'Length of the time axis' }, LENGTHS.map(button));
}

function lookControls() {
  const { look: looked, from } = state.axis;
  if (looked === null) {
    if (from === null) return h('div', { class: 'look dim' }, !state.preferences.hasLooked && LOOK_HINT);
    return h('div', { class: 'look' }, h('button', { type: 'button', class: 'button', on: { click: () => set('axis', { from: null }) } }, 'Follow now'));
  }
  const isAhead = looked > now();
  const act = isAhead
    ? h('button', { type: 'button', key: 'jump', class: 'button accent', on: { click: () => jumpTo(looked) } }, 'Jump there')
    : h('button', { type: 'button', key: 'fork', class: 'button', on: { click: () => openDialog('fork', { at: looked }) } }, 'Fork there');
  const back = h('button', { type: 'button', key: 'back', class: 'button', on: { click: () => look(null) } }, 'Back to now', h('kbd', { class: 'key' }, 'Esc'));
  return h('div', { class: 'look' }, h('span', { class: 'look-distance' }, h('b', null, duration(looked - now())), isAhead ? ' ahead' : ' before now'), act, back);
}

function lane(label, { text, value, column, className = '' }, content) {
  return h('div', { key: label, class: `summary-row ${className}` }, [
    h('b', { class: 'summary-label' }, label),
    h('span', { class: 'summary-text' }, text),
    h('span', { class: `summary-value in-${column}` }, value),
    content,
  ]);
}

const laneBox = (className, ...content) => h('div', { class: `lane ${className}`, 'aria-hidden': 'true', on: laneEvents }, ...content);

function databaseLane(item) {
  const row = databaseRow(item, shownInstant());
  const shown = row ? status(row.shown) : h('span', { class: 'dim' }, 'does not exist');
  const last = allRows().reduce((latest, table) => Math.max(latest, table.last ?? 0), 0);
  return h('div', { key: 'database', class: 'summary-row is-database' }, [
    h('b', { class: 'summary-label' }, item.type === 'MirroredDatabase' ? 'Database' : 'Item'),
    h('span', { class: 'summary-status' }, shown),
    h('span', { class: 'summary-api mono dim' }, row?.status),
    h('span', { class: 'summary-value in-last' }, last > 0 && moment(last, now())),
    laneBox('big', row && spans(row.spans, row.look, { isNamed: true, errors: row.errors })),
  ]);
}

/** The sums of the shown items at instants. */
function aggregates(item) {
  const timelines = (item ? [item] : mirrors()).map((each) => state.timelines.get(each.id)).filter(Boolean);
  if (timelines.length === 1) return timelines[0].points;
  const sums = new Map();
  for (const point of timelines.flatMap((timeline) => timeline.points)) {
    const sum = sums.get(point.at) ?? { at: point.at, rows: 0, rowsPerSecond: 0, latencyMax: null, latencyP95: null };
    sum.rows += point.rows;
    sum.rowsPerSecond += point.rowsPerSecond;
    sum.latencyMax = highest(sum.latencyMax, point.latencyMax);
    sum.latencyP95 = highest(sum.latencyP95, point.latencyP95);
    sums.set(point.at, sum);
  }
  return [...sums.values()].sort((one, other) => one.at - other.at);
}

const highest = (one, other) => (one === null ? other : other === null ? one : Math.max(one, other));

function rowsLane(item) {
  const points = aggregates(item);
  const rate = (item ? [item] : mirrors()).reduce((sum, each) => sum + rateAt(each, shownInstant()), 0);
  const known = allRows().filter((row) => row.rows !== null);
  const rows = known.reduce((sum, row) => sum + row.rows, 0);
  const drawn = points.map((point) => ({ at: point.at, values: [point.rows] }));
  const text = rate > 0 ? `+${rate >= 100 ? number(Math.round(rate)) : rate.toFixed(1)} a second` : '';
  return lane('Rows replicated', { text, value: known.length > 0 ? number(rows) : '–', column: 'rows' },
    laneBox('curve', curve(`rows of ${item?.id}`, drawn, { format: shortNumber })));
}

function latencyLane(item) {
  const points = aggregates(item);
  const point = pointAt(points, shownInstant());
  const drawn = points.map(({ at, latencyP95, latencyMax }) => ({ at, values: [latencyP95, latencyMax] }));
  const worst = allRows().reduce((found, row) => highest(found, row.latency), null);
  const text = point?.latencyP95 == null ? '' : `highest; 95 % within ${point.latencyP95} s`;
  return lane('Latency', { text, value: worst === null ? '–' : `${worst} s`, column: 'latency' },
    laneBox('curve', curve(`latency of ${item?.id}`, drawn, { format: (value) => `${value} s`, isStepped: true })));
}

function requestsLane(item) {
  const [from, to] = visible();
  const seen = state.exchanges.filter((exchange) => exchange.at >= from && exchange.at <= to && (!item || exchange.path.includes(item.id)));
  const counted = seen.filter((exchange) => exchange.at <= shownInstant());
  const rejected = counted.filter((exchange) => exchange.fault || exchange.status === null || exchange.status >= 400).length;
  const range = state.axis.look === null || isProjected() ? 'in view' : `until ${time(state.axis.look)}`;
  const text = [rejected > 0 && `${number(rejected)} rejected or struck`, range].filter(Boolean).join(', ');
  return lane('Requests', { text, value: number(counted.length), column: 'rows', className: 'is-thin' },
    laneBox('', requests(seen.slice(-TICKS_MAX))));
}

function troubleLane(item) {
  const shown = troublesOf(item);
  const { total, words } = unendedCount(unended(item));
  const text = total === 0 && shown.length > 0 ? 'all of it is over' : words;
  return lane('Trouble', { text, value: number(total), column: 'rows', className: 'is-thin' }, laneBox('', troubleMarks(shown, now())));
}

/* ---- The sentence of state ---- */

function note(item) {
  const { tone, content } = item ? itemSentence(item) : allSentence();
  const kind = tone === 'bad' || tone === 'warning' ? tone : '';
  return h('div', { key: 'note', class: `note ${kind}` }, content);
}

function itemSentence(item) {
  const row = databaseRow(item, shownInstant());
  if (row) return sentence(item, row);
  return { tone: 'muted', content: h('p', { class: 'second' }, `${item.displayName} does not exist at this time.`) };
}

/** Tells how to start the databases that wait for it, because nothing else in the list does. */
function allSentence() {
  const rows = allRows();
  const waiting = rows.filter((row) => row.status === 'Initialized' && !row.error && row.item.type === 'MirroredDatabase');
  if (waiting.length === 0) {
    const running = rows.filter((row) => row.status === 'Running').length;
    return { content: h('p', { class: 'second' }, `Running: ${number(running)} of ${count(rows.length, 'database')}.`) };
  }
  const [{ item, shown }] = waiting;
  if (waiting.length === 1) {
    const text = h('p', { class: 'second' }, h('b', { dir: 'auto' }, item.displayName), ' is Initialized: its mirroring has not been started.');
    return { content: [sign(shown), text, startButton(item)] };
  }
  const text = `${number(waiting.length)} databases are Initialized: their mirroring has not been started. Open one to start it.`;
  return { content: [sign(shown), h('p', { class: 'second' }, text)] };
}

/** The button that starts mirroring; nothing if it cannot be started. */
function startButton(item) {
  const act = mirroringAct(item);
  return act && !act.obstacle && act.label === 'Start' && actButton(act);
}

function sentence(item, row) {
  const start = startSentence(item);
  if (start) return { tone: start.tone, content: [sign(row.shown), h('p', { class: start.tone === 'bad' ? null : 'second', dir: 'auto' }, start.content)] };
  if (row.error) {
    const text = h('p', { dir: 'auto' }, h('b', { class: 'mono' }, row.error.errorCode), ' ', row.error.message);
    const next = causeOf(row.trouble) ?? h('a', { class: 'link', href: `#/item/${item.id}/definition` }, 'Edit definition');
    return { tone: row.status === 'Running' ? 'warning' : 'bad', content: [sign(row.shown), text, next] };
  }
  const tables = allRows();
  const wrong = tables.filter((table) => table.error);
  if (wrong.length > 0) {
    const first = wrong.find((table) => table.status === 'Failed') ?? wrong[0];
    const more = wrong.length > 1
      ? h('button', { type: 'button', class: 'link', on: { click: () => filterGroup('errors') } }, `All ${number(wrong.length)} errors`)
      : h('button', { type: 'button', class: 'link', on: { click: () => openTable(first.key) } }, 'Details');
    const text = h('p', { dir: 'auto' }, h('b', null, first.label), ': ', first.error.message);
    return { tone: first.shown.tone, content: [sign(first.shown), text, causeOf(first.trouble), more] };
  }
  if (row.status === 'Paused') {
    const text = 'The capacity was paused. Mirroring stays paused until it is started again, and continues where it stopped.';
    return { tone: 'warning', content: [sign(row.shown), h('p', null, text)] };
  }
  return { tone: 'muted', content: [sign(row.shown), h('p', { class: 'second' }, calmSentence(row, tables))] };
}

function calmSentence(row, tables) {
  if (state.tables === null) return 'Reading the tables.';
  if (row.status === 'Initialized') return 'Mirroring is not started. Its start reads the source; tables show up once it is Running.';
  if (row.status !== 'Running') return tables.length > 0 ? `Mirroring is ${row.status}.` : `Mirroring is ${row.status}. Tables show up once it is Running.`;
  if (tables.length === 0) return 'The source has no tables.';
  const copying = tables.filter((table) => groupOf(table.shown) === 'changing').length;
  if (copying > 0) return `${number(copying)} of ${number(tables.length)} tables ${copying === 1 ? 'is' : 'are'} being copied.`;
  return `${number(tables.length)} ${tables.length === 1 ? 'table' : 'tables'}, none with an error.`;
}

function openTable(key) {
  state.grid.selected = key;
  openDock('table');
}

/* ---- Nothing to list ---- */

function noRows(item) {
  if (!item) return null;
  const { type } = item.source ?? {};
  const row = databaseRow(item, shownInstant());
  const title = !row ? 'The database does not exist at this time' : row.error ? 'Mirroring did not start' : 'No tables yet';
  const text = !row ? 'It was created later.'
    : item.type !== 'MirroredDatabase' ? 'The tables of this item are not simulated.'
    : type === 'GenericMirror' ? 'Open mirroring shows a table when its first file has arrived, or when the source is declared.'
    : row?.error ? 'The source has not been read. Tables show up once mirroring is Running.'
    : row?.status === 'Running' ? 'The source has no tables.'
    : 'The source is read when mirroring starts. Tables show up once it is Running.';
  return h('div', { class: 'empty' }, emptyArt(), h('h2', null, title), h('p', null, text), startButton(item));
}

export const emptyArt = () =>
  h('svg', { class: 'empty-art', viewBox: '0 0 168 44', 'aria-hidden': 'true' }, [
    h('path', { class: 'empty-past', d: 'M0 10.5h92M0 22.5h92M0 34.5h92' }),
    h('path', { class: 'empty-ahead', d: 'M94 10.5h74M94 22.5h74M94 34.5h74' }),
    h('path', { class: 'empty-now', d: 'M93 0v44' }),
  ]);

