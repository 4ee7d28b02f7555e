// The names of the callers in the journal and in fault rules.

import { PAGE } from './api.js';
import { Resource } from './resource.js';
import { changed, failed, state } from './store.js';

let names = new Map();

/** The directory of principals. */
export const principals = new Resource(
  () => state.api.control('GET', 'principals'),
  (answer) => {
    names = new Map(answer.value.map((principal) => [principal.id, principal.displayName]));
    changed();
  },
  failed,
);

/** The name of a caller, or its id if it has none. `null` is a caller without a token. */
export function callerName(id) {
  if (id === null) return 'none (no valid token)';
  if (id === PAGE) return 'this page';
  return names.get(id) ?? id;
}

/** The callers in the journal, and this page. */
export function callers() {
  const seen = new Set(state.exchanges.map((exchange) => exchange.principal).filter((id) => id !== null && id !== PAGE));
  return [...seen, PAGE];
}
