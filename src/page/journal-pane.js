// The journal: the requests that the tenant has answered.

import { look } from './axis.js';
import { h } from './dom.js';
import { callerName } from './callers.js';
import { exchangeDetails, isLost, readDetails } from './exchange-details.js';
import { count, date, isSameDay, moment, number, time } from './format.js';
import { changed, itemsById, now, openItem, set, shownInstant, state } from './store.js';

/** So many exchanges are listed. A filter finds older ones. */
const LISTED_MAX = 200;

const isRejected = (exchange) => isLost(exchange) || exchange.status >= 400;

/** `true` for a request that is meant to change something. Some reads of Fabric are POST requests. */
function isWrite({ method, operation }) {
  if (method === 'GET' || method === 'HEAD') return false;
  return !/^Entra|_(Get|List|Test)/.test(operation ?? '');
}

const KINDS = {
  all: { label: 'All', has: () => true },
  writes: { label: 'Writes', has: isWrite },
  rejected: { label: 'Rejected', has: isRejected },
  struck: { label: 'Struck by a fault', has: (exchange) => exchange.fault != null },
};

export function journalPane() {
  const item = openItem();
  const { listed, total } = select(item);
  const items = itemsById();
  return [
    tools(item),
    h('p', { class: 'section dim', role: 'status' }, summary(total)),
    h(
      'div',
      { class: 'exchanges' },
      listed.map((exchange, index) => [day(exchange, listed[index - 1]), entry(exchange, items)]),
    ),
    total > listed.length &&
      h('p', { class: 'section dim' }, `${number(total - listed.length)} older ones match too. Filter to find them.`),
    total === 0 && nothing(),
  ];
}

const isLookingBack = () => state.axis.look !== null && state.axis.look < now();

function summary(total) {
  if (!isLookingBack()) return count(total, 'request');
  return `${count(total, 'request')} until ${moment(state.axis.look, now())}. Later ones are hidden.`;
}

/** Why the list is empty, and the way out. */
function nothing() {
  const { exchanges } = state;
  const { filter, kind, isOnlyItem } = state.journal;
  const button = (label, click) => h('button', { type: 'button', class: 'button', on: { click } }, label);
  const empty = (text, act) => h('div', { class: 'empty' }, h('p', null, text), act);
  if (exchanges.length === 0) return empty('No request has been made yet.');
  const first = exchanges[0].at;
  const until = isLookingBack() ? ` until ${moment(state.axis.look, now())}` : '';
  if (isLookingBack() && first > state.axis.look) {
    return empty(`No request${until}. The oldest one in the journal came at ${moment(first, now())}.`, button('Back to now', () => look(null)));
  }
  const isFiltered = filter.trim() !== '' || kind !== 'all' || (isOnlyItem && openItem());
  const text = `No request${until} matches the filter.`;
  return empty(text, isFiltered && button('Clear the filter', () => set('journal', { filter: '', kind: 'all', isOnlyItem: false })));
}

/** The newest exchanges that match, newest first, and the number of all that match. */
function select(item) {
  const { filter, kind, isOnlyItem } = state.journal;
  const text = filter.trim().toLowerCase();
  const id = isOnlyItem ? item?.id : null;
  const until = state.axis.look === null ? Infinity : shownInstant();
  const listed = [];
  let total = 0;
  for (let index = state.exchanges.length - 1; index >= 0; index -= 1) {
    const exchange = state.exchanges[index];
    if (exchange.at > until || !KINDS[kind].has(exchange)) continue;
    if (id && !exchange.path.includes(id)) continue;
    if (text && !searchText(exchange).includes(text)) continue;
    total += 1;
    if (listed.length < LISTED_MAX) listed.push(exchange);
  }
  return { listed, total };
}

function searchText(exchange) {
  const { method, path, operation, status, principal, id } = exchange;
  return [method, path, operation, status ?? 'lost', principal, callerName(principal), id].join(' ').toLowerCase();
}

function tools(item) {
  const { filter, kind, isOnlyItem } = state.journal;
  const chip = ([name, { label }]) =>
    h(
      'button',
      {
        key: name,
        type: 'button',
        class: 'chip',
        'aria-pressed': String(kind === name),
        on: { click: () => set('journal', { kind: name }) },
      },
      label,
    );
  const onlyItem =
    item &&
    h(
      'button',
      {
        key: 'item',
        type: 'button',
        class: 'chip',
        'aria-pressed': String(isOnlyItem),
        on: { click: () => set('journal', { isOnlyItem: !isOnlyItem }) },
      },
      h('span', null, 'Only ', h('span', { dir: 'auto' }, item.displayName)),
    );
  return h('div', { class: 'section form' }, [
    h('input', {
      id: 'journal-filter',
      class: 'input',
      type: 'search',
      placeholder: 'Path, operation, caller or status',
      'aria-label': 'Filter the journal',
      value: filter,
      on: { input: (event) => set('journal', { filter: event.target.value }) },
    }),
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Kind of request' }, Object.entries(KINDS).map(chip), onlyItem),
  ]);
}

/** The date above the newest exchange of a day, except today. */
function day(exchange, newer) {
  const isNew = !isSameDay(exchange.at, newer?.at ?? now());
  return isNew && h('h3', { key: `day-${date(exchange.at)}`, class: 'section' }, date(exchange.at));
}

/** Identifies an exchange. One without an answer has no request id. */
const keyOf = (exchange) => exchange.id ?? `${exchange.time} ${exchange.method} ${exchange.path}`;

function entry(exchange, items) {
  const key = keyOf(exchange);
  const isOpen = state.journal.open === key;
  const tone = exchange.fault || isLost(exchange) || exchange.status >= 500 ? 'bad' : exchange.status >= 400 ? 'warning' : '';
  const details = `exchange-${key.replaceAll(/\W/g, '-')}`;
  const props = { type: 'button', class: 'exchange', 'aria-expanded': String(isOpen), 'aria-controls': isOpen ? details : null };
  return [
    h('button', { key, ...props, on: { click: () => toggle(exchange, key) } }, [
      h('span', { class: 'exchange-time' }, time(exchange.at)),
      h('span', { class: 'exchange-method' }, exchange.method),
      h('span', { class: 'exchange-path' }, shortPath(exchange, items)),
      h(
        'span',
        { class: `exchange-status ${tone}` },
        exchange.status ?? 'lost',
        exchange.fault && h('span', { class: 'hidden-text' }, ', struck by a fault'),
      ),
      h('span', { class: 'exchange-duration' }, exchange.durationMs == null ? '' : `${milliseconds(exchange.durationMs)} ms`),
    ]),
    isOpen && h('div', { key: `${key} details`, id: details, class: 'exchange-details' }, exchangeDetails(exchange, key)),
  ];
}

const milliseconds = (value) => (value < 9.95 ? value.toFixed(1) : number(Math.round(value)));

/** The path with the name of its item or workspace in place of the ids. Other ids are cut. */
function shortPath({ path }, items) {
  const [, workspaceId, itemId, rest] = /^\/v1\/workspaces\/([^/?]+)(?:\/[^/?]+\/([^/?]+))?(.*)$/.exec(path) ?? [];
  const item = items.get(itemId);
  if (item) return named(item, rest);
  const workspace = state.workspaces.find((each) => each.id === workspaceId);
  if (workspace) return named(workspace, cut(path.slice(`/v1/workspaces/${workspaceId}`.length)));
  return h('span', null, cut(path.replace(/^\/v1\b/, '')));
}

const cut = (path) => path.replaceAll(/([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}/gi, '$1…');
const named = ({ displayName }, rest) => [h('span', { dir: 'auto' }, displayName), rest && h('span', null, rest)];

function toggle(exchange, key) {
  const isOpen = state.journal.open === key;
  state.journal.open = isOpen ? null : key;
  if (!isOpen) readDetails(exchange, key);
  changed();
}
