// The trouble of the tenant at an instant: what is planned, active and over.

import { count, moment } from './format.js';
import { itemsById, now, openItem, shownInstant, state } from './store.js';
import { tableLabel } from './spans.js';
import { sourceOf } from './trouble-request.js';

/** Returns the state of a trouble at an instant. It follows from the instants: no event tells that trouble begins or ends by time. */
export function stateAt({ state: told, fromAt, toAt, kind }, instant) {
  if (fromAt === null) return told;
  if (fromAt > instant) return 'planned';
  if (kind === 'reseed') return 'ended';
  return toAt !== null && toAt <= instant ? 'ended' : 'active';
}

/** Returns all trouble, with that which the emulator does not list any more, as far as it is known. */
export function allTroubles() {
  const listed = new Set(state.troubles.map(({ id }) => id));
  const known = [...state.troubles, ...state.removedTroubles.filter(({ id }) => !listed.has(id))];
  return state.areTroublesRead ? [...known, ...fromSpans(new Set(known.map(({ id }) => id)))] : known;
}

/** Returns the trouble that only the spans of the open item tell of: it is over, and was removed from the list. */
function fromSpans(known) {
  const found = new Map();
  const item = openItem();
  const collect = (spans, table) => {
    for (const span of spans) {
      const { trouble: id, from, to, error, status } = span;
      if (!id || known.has(id) || to === null || to > now() || !(error || status === 'Reseeding')) continue;
      const before = found.get(id);
      const isSame = !before || before.target.table?.key === table?.key;
      found.set(id, {
        id,
        kind: null,
        state: 'ended',
        fromAt: Math.min(from, before?.fromAt ?? from),
        toAt: Math.max(to, before?.toAt ?? to),
        target: { item: item.id, table: isSame ? table : undefined },
        error,
      });
    }
  };
  if (!item) return [];
  collect(state.timelines.get(item.id)?.spans ?? []);
  for (const { spans, key, schema, name } of state.tables ?? []) collect(spans, { key, schemaName: schema, tableName: name });
  return [...found.values()];
}

/** Tells whether a trouble is that of an item or of its source. */
export function isOf({ target }, item) {
  return target.item === item.id || (target.source !== undefined && target.source === sourceOf(item));
}

/** Returns the trouble of an item and of its source; all trouble without an item. */
export const troublesOf = (item) => allTroubles().filter((trouble) => !item || isOf(trouble, item));

/** Returns what has not ended at the shown instant, of an item or of the tenant. Fault rules are those of now. */
export function unended(item) {
  const at = shownInstant();
  const troubles = troublesOf(item).map((trouble) => ({ ...trouble, state: stateAt(trouble, at) }));
  const faults = state.faults.filter(
    ({ enabled, exhausted, match }) => enabled && !exhausted && (!item || !match?.item || match.item === item.id),
  );
  return {
    active: troubles.filter((trouble) => trouble.state === 'active'),
    planned: troubles.filter((trouble) => trouble.state === 'planned'),
    faults,
  };
}

/** Returns the number of what has not ended, and the same in words. */
export function unendedCount({ active, planned, faults }) {
  const next = Math.min(...planned.map(({ fromAt }) => fromAt ?? Infinity));
  const at = next === Infinity ? '' : `${planned.length > 1 ? ', next' : ''} at ${moment(next, now())}`;
  const parts = [
    active.length > 0 && `${active.length} active`,
    planned.length > 0 && `${planned.length} planned${at}`,
    faults.length > 0 && count(faults.length, 'fault'),
  ];
  return { total: active.length + planned.length + faults.length, words: parts.filter(Boolean).join(', ') };
}

/** Returns the target of a trouble in words. */
export function placeText({ item, source, table, connectionDetails }) {
  if (connectionDetails) return `new connections of type ${connectionDetails.type ?? '*'} to ${connectionDetails.path ?? '*'}`;
  const of = item ? (itemsById().get(item)?.displayName ?? item) : `source ${sourceName(source)}`;
  return table ? `${tableLabel(table.schemaName, table.tableName)} in ${of}` : of;
}

function sourceName(id) {
  const mirror = [...itemsById().values()].find((item) => item.source?.connectionId === id || item.id === id);
  return mirror?.source?.connection ?? mirror?.displayName ?? id;
}
