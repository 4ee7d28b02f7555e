// One exchange of the journal in full. Its bodies are read when it is opened, because all bodies together may have many megabytes.

import { visible } from './axis.js';
import { callerName } from './callers.js';
import { copyCurl } from './copy.js';
import { curlOfExchange } from './curl.js';
import { h } from './dom.js';
import { iso } from './format.js';
import { jsonBlock } from './json.js';
import { changed, failed, figures, state } from './store.js';

/** `true` if a fault closed the connection before the answer. */
export const isLost = (exchange) => exchange.status === null;

/** Reads the bodies of an exchange into `state.journal.details`, once. */
export async function readDetails(exchange, key) {
  const { details } = state.journal;
  if (details.get(key)?.isFound) return;
  details.set(key, { isReading: true });
  try {
    const query = exchange.id ? { requestId: exchange.id } : { since: exchange.time };
    const answer = await state.api.control('GET', 'journal', undefined, query);
    const line = answer
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text))
      .find((other) => isSame(other, exchange));
    details.set(key, line ? { isFound: true, ...line } : { isGone: true });
  } catch (error) {
    details.delete(key);
    failed(error);
  }
  changed();
}

function isSame(line, exchange) {
  const isAtSameTime = line.time === exchange.time && line.method === exchange.method && line.path === exchange.path;
  return isAtSameTime && (line.headers?.requestid ?? line.headers?.RequestId ?? null) === exchange.id;
}

export function exchangeDetails(exchange, key) {
  const details = state.journal.details.get(key);
  return [
    h('p', { class: 'mono exchange-address', dir: 'ltr' }, `${exchange.method} ${exchange.path}`),
    facts(exchange),
    h('div', { class: 'row-of-buttons' }, [
      h(
        'button',
        { type: 'button', class: 'button', disabled: !details?.isFound, on: { click: () => copyCurl(curlOfExchange(exchange, details.request)) } },
        'Copy as curl',
      ),
      h('button', { type: 'button', class: 'button', on: { click: () => lookAt(exchange.at) } }, 'Look at this instant'),
    ]),
    bodies(exchange, details),
  ];
}

/** Looks at an instant, however close to now. The window of the axis moves only if the instant is outside of it. */
function lookAt(instant) {
  const [from, to] = visible();
  const isInside = instant >= from && instant <= to;
  Object.assign(state.axis, { look: instant, from: isInside ? from : instant - state.axis.length / 2 });
  figures.refresh({ now: true });
  changed();
}

function facts(exchange) {
  const fault = exchange.fault && (state.faults.find((rule) => rule.id === exchange.fault)?.name ?? exchange.fault);
  const fact = (label, value, props = {}) => value != null && [h('dt', null, label), h('dd', props, value)];
  return h('dl', { class: 'facts' }, [
    fact('Time', iso(exchange.at), { class: 'mono' }),
    fact('Operation', exchange.operation, { class: 'mono' }),
    fact('Caller', callerName(exchange.principal), { dir: 'auto' }),
    exchange.fault && fact('Struck by', fault, { class: 'tone-bad', dir: 'auto' }),
    fact('RequestId', exchange.id, { class: 'mono' }),
    fact('Retry-After', exchange.headers?.['retry-after'], { class: 'mono' }),
  ]);
}

function bodies(exchange, details) {
  const answer = isLost(exchange) ? 'No answer: a fault closed the connection' : `Answer ${exchange.status}`;
  if (!details || details.isReading) return h('p', { class: 'dim' }, 'Reading the bodies…');
  if (details.isGone) return h('p', { class: 'dim' }, 'The bodies are not kept any more: the journal has removed this exchange.');
  return [
    details.request != null && [h('h3', null, 'Request'), jsonBlock('Body of the request', details.request)],
    h('h3', null, answer),
    details.body == null ? h('p', { class: 'dim' }, 'Without a body.') : jsonBlock('Body of the answer', details.body),
  ];
}
