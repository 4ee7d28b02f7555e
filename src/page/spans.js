// Spans of a status over time, as the timeline gives them.

import { parse } from './format.js';

/** The key of a table among those of its item. */
export const tableKey = (table) => `${table.sourceSchemaName ?? ''}.${table.sourceTableName}`;

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

/** The share of a span that has passed at an instant; `null` if it has no known end. */
export function shareOf(span, instant) {
  return span.to === null ? null : Math.min(1, (instant - span.from) / (span.to - span.from));
}
