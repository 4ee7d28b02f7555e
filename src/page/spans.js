// Spans of a status over time, as the timeline gives them.

import { parse } from './format.js';

/** The key of a table among those of its item. */
export const tableKey = (table) => `${table.sourceSchemaName ?? ''}.${table.sourceTableName}`;

/** The name of a table with its schema. */
export const tableLabel = (schema, name) => [schema, name].filter(Boolean).join('.');

export const spansOf = (spans) => spans.map((span) => ({ ...span, from: parse(span.from), to: parse(span.to) }));

/** The span that contains an instant, or `null`. */
export function spanAt(spans, instant) {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].from <= instant) low = middle + 1;
    else high = middle;
  }
  const span = spans[low - 1];
  return span && (span.to === null || instant < span.to) ? span : null;
}

/** The periods in which at least one of the tables has an error. */
export function errorsOf(tables) {
  const spans = tables.flatMap((table) => table.spans.filter((span) => span.error)).sort((one, other) => one.from - other.from);
  const periods = [];
  for (const { from, to } of spans) {
    const last = periods.at(-1);
    if (!last || (last.to !== null && last.to < from)) periods.push({ from, to });
    else last.to = last.to === null || to === null ? null : Math.max(last.to, to);
  }
  return periods;
}

/** The share of a span that has passed at an instant; `null` if it has no known end. */
export function shareOf(span, instant) {
  return span.to === null ? null : Math.min(1, (instant - span.from) / (span.to - span.from));
}
