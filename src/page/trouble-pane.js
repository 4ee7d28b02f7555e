// The trouble: what is planned, active or over in items and sources, and the fault rules of the API.

import { callerName } from './callers.js';
import { h } from './dom.js';
import { count, duration, moment, number } from './format.js';
import { glyph, icon } from './icons.js';
import { menu, menuButton } from './menu.js';
import { attempt, faults, itemsById, items, now, openItem, state, troubles } from './store.js';
import { troubleForm, troubleMenu } from './trouble-form.js';
import { effectText, troubleTitle } from './trouble-kinds.js';
import { sourceOf } from './trouble-request.js';

/** So many troubles that are over are listed. */
const ENDED_MAX = 20;
/** So many strikes are shown as marks. */
const PIPS_MAX = 20;

const ORDER = ['active', 'planned', 'ended'];

export function troublePane() {
  return [
    h('div', { key: 'add', class: 'section' }, [
      menuButton('add-trouble', { id: 'add-trouble', class: 'button' }, icon('add'), 'Add trouble'),
      menu('add-trouble', 'Add trouble', troubleMenu),
    ]),
    state.troubleForm && troubleForm(),
    troubleSections(),
    h('h3', { key: 'faults' }, 'Faults in the API'),
    state.faults.map(faultRule),
    state.faults.length === 0 && h('p', { key: 'no-faults', class: 'section dim' }, 'The API answers as it should.'),
  ];
}

/* ---- Trouble of items and sources ---- */

function troubleSections() {
  const item = openItem();
  const listed = inOrder(state.troubles);
  if (!item) return section('all', 'In items and sources', listed);
  const isHere = ({ target }) => target.item === item.id || target.source === sourceOf(item);
  const elsewhere = listed.filter((trouble) => !isHere(trouble));
  return [
    section('here', ['In ', h('span', { dir: 'auto' }, item.displayName), ' and its source'], listed.filter(isHere)),
    elsewhere.length > 0 && section('elsewhere', 'Elsewhere in the tenant', elsewhere),
  ];
}

function section(key, title, listed) {
  return [
    h('h3', { key }, h('span', null, title)),
    listed.map((trouble) => troubleRule(trouble)),
    listed.length === 0 && h('p', { key: `${key}-none`, class: 'section dim' }, 'Nothing is planned.'),
  ];
}

/** Active trouble comes first, then planned trouble in the order of its beginnings, then the latest that is over. */
function inOrder(all) {
  const dated = all.map((trouble) => ({ ...trouble, state: stateOf(trouble) }));
  const sorted = dated.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || startOf(one) - startOf(other));
  const ended = sorted.filter((trouble) => trouble.state === 'ended');
  return [...sorted.filter((trouble) => trouble.state !== 'ended'), ...ended.reverse().slice(0, ENDED_MAX)];
}

const startOf = (trouble) => trouble.fromAt ?? Number.MAX_SAFE_INTEGER;

/** The state follows from the instants, because no event tells that trouble begins or ends by time. */
function stateOf({ state: told, fromAt, toAt, kind }) {
  if (told === 'ended' || (toAt !== null && toAt <= now())) return 'ended';
  if (fromAt !== null && fromAt <= now()) return kind === 'reseed' ? 'ended' : 'active';
  return told === 'active' ? 'active' : 'planned';
}

const GLYPHS = { active: ['bad', 'diamond'], planned: ['bad', 'hollow'], ended: ['muted', 'ring'] };

function troubleRule(trouble) {
  const [tone, shape] = GLYPHS[trouble.state];
  const title = troubleTitle(trouble);
  return h('div', { key: trouble.id, class: 'rule' }, [
    h('span', { class: `tone-${tone}` }, glyph(shape)),
    h('p', null, title, trouble.state === 'active' && [' ', h('span', { class: 'tag' }, 'active')]),
    removal(trouble, title),
    h('small', null, h('span', { dir: 'auto' }, place(trouble.target)), `, ${whenText(trouble)}`),
    (trouble.error || trouble.factor != null) &&
      h('small', { class: 'mono' }, trouble.error?.errorCode || `${number(trouble.factor ?? 1)} times as long`),
  ]);
}

function removal(trouble, title) {
  if (trouble.state === 'ended') return null;
  const end = (done) => remove(`trouble/${trouble.id}`, troubles, done);
  if (trouble.state === 'active') {
    return h(
      'button',
      { type: 'button', class: 'button quiet', 'aria-label': `End now: ${title}`, on: { click: () => end('The trouble has ended') } },
      'End now',
    );
  }
  const props = { type: 'button', class: 'button quiet icon-only', 'aria-label': `Remove: ${title}`, title: 'Remove' };
  return h('button', { ...props, on: { click: () => end('The trouble is removed') } }, icon('close'));
}

/** Deletes a trouble or a rule. Its button is gone then, so that the focus goes to the button that adds trouble. */
async function remove(path, resource, done) {
  const answer = await attempt(() => state.api.control('DELETE', path), done);
  resource.refresh({ now: true });
  if (answer) document.getElementById('add-trouble')?.focus();
}

/** The target in words. */
function place({ item, source, table, connectionDetails }) {
  if (connectionDetails) return `new connections of type ${connectionDetails.type ?? '*'} to ${connectionDetails.path ?? '*'}`;
  const name = table && [table.schemaName, table.tableName].filter(Boolean).join('.');
  const of = item ? (itemsById().get(item)?.displayName ?? item) : `source ${sourceName(source)}`;
  return name ? `${name} in ${of}` : of;
}

function sourceName(id) {
  const mirror = items().find((item) => item.source?.connectionId === id || item.id === id);
  return mirror?.source?.connection ?? mirror?.displayName ?? id;
}

function whenText(trouble) {
  const { state: shown, fromAt, toAt, starts, ends } = trouble;
  const instant = (at) => moment(at, now());
  if (shown === 'ended') {
    if (fromAt === null) return 'over';
    return toAt === null || trouble.kind === 'reseed' ? `at ${instant(fromAt)}` : `from ${instant(fromAt)} to ${instant(toAt)}`;
  }
  const until =
    trouble.kind === 'reseed'
      ? null
      : toAt !== null
        ? `until ${instant(toAt)}`
        : ends === 'restart'
          ? 'until a restart'
          : ends?.after != null
            ? `for ${duration(ends.after * 1000)}`
            : null;
  return [beginning(shown, fromAt, starts, instant), until].filter(Boolean).join(', ');
}

function beginning(shown, fromAt, starts, instant) {
  if (shown === 'active') return `since ${instant(fromAt)}`;
  if (fromAt !== null) return `in ${duration(fromAt - now())}, at ${instant(fromAt)}`;
  if (starts?.after != null) return `${duration(starts.after * 1000)} after Running`;
  if (starts?.share != null) return `at ${Math.round(starts.share * 100)} % of the next snapshot`;
  return 'not begun';
}

/* ---- Fault rules ---- */

function faultRule(rule) {
  const title = rule.name || effectText(rule.effect);
  const isIdle = rule.exhausted || !rule.enabled;
  const toggle = () => setEnabled(rule, !rule.enabled);
  return h('div', { key: rule.id, class: 'rule' }, [
    h('span', { class: `tone-${isIdle ? 'muted' : 'warning'}` }, glyph(rule.exhausted ? 'square' : rule.enabled ? 'triangle' : 'bars')),
    h('p', { dir: 'auto' }, title),
    h(
      'button',
      {
        type: 'button',
        class: 'button quiet icon-only',
        'aria-label': `Remove: ${title}`,
        title: 'Remove',
        on: { click: () => remove(`faults/${rule.id}`, faults, 'The fault rule is removed') },
      },
      icon('close'),
    ),
    rule.name && h('small', null, effectText(rule.effect)),
    h('small', { dir: 'auto' }, matchText(rule)),
    h('div', { class: 'strikes' }, [
      pips(rule),
      h('span', null, strikesText(rule)),
      !rule.exhausted &&
        h(
          'button',
          { type: 'button', class: 'link', 'aria-label': `${rule.enabled ? 'Disable' : 'Enable'}: ${title}`, on: { click: toggle } },
          rule.enabled ? 'Disable' : 'Enable',
        ),
    ]),
  ]);
}

async function setEnabled(rule, enabled) {
  await attempt(() => state.api.control('PATCH', `faults/${rule.id}`, { enabled }));
  faults.refresh({ now: true });
}

function pips({ when, struck }) {
  const { times } = when ?? {};
  if (!times || times > PIPS_MAX) return null;
  return h(
    'span',
    { class: 'pips', 'aria-hidden': 'true' },
    Array.from({ length: times }, (_, index) => h('i', { class: index < struck ? 'is-hit' : null })),
  );
}

function strikesText({ when, struck, enabled, exhausted }) {
  const of = when?.times ? ` of ${number(when.times)}` : '';
  const end = exhausted ? ', used up' : enabled ? '' : ', disabled';
  return struck > 0 ? `struck ${number(struck)}${of}${end}` : `not struck yet${end}`;
}

/** The requests that a rule strikes, in words. */
function matchText({ match, when }) {
  const { operation, method, path, principal, item } = match ?? {};
  const place = item && (itemsById().get(item)?.displayName ?? item);
  const request = [method, operation ?? path ?? 'any request'].filter(Boolean).join(' ');
  const what = [request, place && `of ${place}`, principal && `by ${callerName(principal)}`].filter(Boolean).join(' ');
  return `${what}, ${frequency(when ?? {})}`;
}

function frequency({ times, every, probability, skip }) {
  const share = probability != null ? `with a probability of ${Math.round(probability * 1000) / 10} %` : null;
  const interval = every > 1 ? `one in ${number(every)}` : null;
  const first = times === 1 ? 'once' : times ? `${number(times)} times` : share || interval ? null : 'every time';
  return [first, interval, share, skip && `after ${count(skip, 'request')}`].filter(Boolean).join(', ');
}
