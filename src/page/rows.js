// The rows of the list at the shown instant: the tables of the open item, or all mirrored databases.

import { databaseStatus, groupOf, tableStatus } from './portal.js';
import { parse } from './format.js';
import { shareOf, spanAt, tableLabel } from './spans.js';
import { mirrors, openItem, shownInstant, state, tableErrors } from './store.js';

const COPYING = new Set(['Snapshotting', 'Reseeding']);

/** All rows at the shown instant, before filter and sort. */
export function allRows() {
  const instant = shownInstant();
  return (openItem() ? (state.tables ?? []).map((table) => tableRow(table, instant)) : mirrors().map((item) => databaseRow(item, instant))).filter(Boolean);
}

export function tableRow(table, instant) {
  const span = spanAt(table.spans, instant);
  if (!span) return null;
  const figures = state.figures.byKey.get(table.key) ?? {};
  const shown = tableStatus(span.status, span.error);
  return {
    ...table,
    label: tableLabel(table.schema, table.name),
    isTable: true,
    status: span.status,
    error: span.error ?? null,
    trouble: span.error ? (span.trouble ?? null) : null,
    since: span.from,
    until: span.to,
    shown,
    look: (other) => tableStatus(other.status, other.error),
    rows: figures.processedRows ?? null,
    bytes: figures.processedBytes ?? null,
    last: figures.lastSync ?? null,
    latency: span.status === 'Replicating' && !span.error ? (figures.lastSyncLatencyInSeconds ?? null) : null,
    share: COPYING.has(span.status) ? shareOf(span, instant) : null,
  };
}

export function databaseRow(item, instant) {
  const timeline = state.timelines.get(item.id);
  const span = timeline && spanAt(timeline.spans, instant);
  if (timeline && !span) return null;
  const isNow = state.axis.look === null;
  const errors = tableErrors(item.id);
  const figures = isNow ? nowFigures(item) : figuresAt(timeline, errors, instant);
  const status = isNow ? item.status : (span?.status ?? item.status);
  const error = isNow ? item.error : (span?.error ?? null);
  return {
    key: item.id,
    item,
    label: item.displayName,
    name: item.displayName,
    isTable: false,
    spans: timeline?.spans ?? [],
    errors,
    status,
    error,
    trouble: error ? (span?.trouble ?? null) : null,
    since: span?.from ?? null,
    until: span?.to ?? null,
    shown: databaseStatus(status, error, isNow ? figures.tablesInError : tablesInErrorAt(item, instant, figures)),
    look: (other) => databaseStatus(other.status, other.error),
    bytes: null,
    share: null,
    ...figures,
  };
}

function nowFigures(item) {
  return {
    rows: item.rows,
    last: parse(item.lastSyncDateTime),
    latency: item.latencyMax,
    tablesInError: item.tablesInError,
    tables: Object.values(item.tables).reduce((sum, tables) => sum + tables, 0),
  };
}

/** The figures of a database at another instant are those of the last point before it. A point counts no table whose error is beside its status. */
function figuresAt(timeline, errors, instant) {
  const point = pointAt(timeline?.points ?? [], instant);
  const byStatus = point?.tablesByStatus ?? {};
  return {
    rows: point?.rows ?? null,
    last: null,
    latency: point?.latencyMax ?? null,
    tablesInError: byStatus.Failed || (spanAt(errors, instant) ? 1 : 0),
    tables: Object.values(byStatus).reduce((sum, tables) => sum + tables, 0),
  };
}

/** The points count failed tables only. The spans of the tables, which are known for the open item, tell all errors. */
function tablesInErrorAt(item, instant, figures) {
  if (item.id !== state.route.item || state.tables === null) return figures.tablesInError;
  return state.tables.filter((table) => spanAt(table.spans, instant)?.error).length;
}

export function pointAt(points, instant) {
  return points.findLast((point) => point.at <= instant) ?? null;
}

/** The rows per second of a database at an instant; 0 unless it is Running. A point has the rate of the step before it. */
export function rateAt(item, instant) {
  const row = databaseRow(item, instant);
  if (row?.status !== 'Running') return 0;
  return state.timelines.get(item.id)?.points.find((point) => point.at > instant)?.rowsPerSecond ?? 0;
}

const VALUES = {
  name: (row) => row.label.toLowerCase(),
  status: (row) => row.shown.word,
  api: (row) => row.status ?? '',
  rows: (row) => row.rows ?? -1,
  last: (row) => row.last ?? -1,
  latency: (row) => row.latency ?? -1,
};

/** The rows that match the filter, in order, the number of rows in each group, and that of all rows. */
export function shownRows() {
  const { filter, group, sort } = state.grid;
  const text = filter.trim().toLowerCase();
  const all = allRows();
  const matching = all.filter((row) => row.label.toLowerCase().includes(text));
  const counts = { all: matching.length, running: 0, changing: 0, errors: 0, stopped: 0 };
  for (const row of matching) counts[groupOf(row.shown)] += 1;
  const rows = matching.filter((row) => group === 'all' || groupOf(row.shown) === group);
  const value = VALUES[sort.by];
  const keyed = rows.map((row) => ({ row, value: value(row), label: row.label.toLowerCase() }));
  const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  keyed.sort((one, other) => (compare(one.value, other.value) || compare(one.label, other.label)) * (sort.isDescending ? -1 : 1));
  return { rows: keyed.map(({ row }) => row), counts, total: all.length };
}
