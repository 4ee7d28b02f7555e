// The trouble: what is planned, active or over in items and sources, and the fault rules of the API.

import { callerName } from './callers.js';
import { h } from './dom.js';
import { count, duration, moment, number } from './format.js';
import { glyph, icon } from './icons.js';
import { menu, menuButton } from './menu.js';
import { attempt, faults, isProjected, itemsById, now, openItem, shownInstant, state } from './store.js';
import { troubleButton } from './trouble-acts.js';
import { troubleForm, troubleMenu } from './trouble-form.js';
import { effectText, troubleTitle } from './trouble-kinds.js';
import { allTroubles, isOf, placeText, stateAt } from './troubles.js';

/** So many troubles that are over are listed. */
const ENDED_MAX = 20;
/** So many strikes are shown as marks. */
const PIPS_MAX = 20;

const ORDER = ['active', 'planned', 'ended'];

export function troublePane() {
  return [
    h('div', { key: 'add', class: 'section row-of-buttons' }, [
      menuButton('add-trouble', { id: 'add-trouble', class: 'button' }, icon('add'), 'Add trouble'),
      menu('add-trouble', 'Add trouble', troubleMenu),
      h('span', { class: 'dim' }, asOf()),
    ]),
    state.troubleForm && troubleForm(),
    troubleSections(),
    h('h3', { key: 'faults' }, 'Faults in the API', state.axis.look !== null && h('span', { class: 'dim' }, 'as of now')),
    state.faults.map(faultRule),
    state.faults.length === 0 && h('p', { key: 'no-faults', class: 'section dim' }, 'There are no fault rules.'),
  ];
}

/** The instant that the list is of, while the viewer looks at another time. */
function asOf() {
  const at = shownInstant();
  if (state.axis.look === null) return null;
  return `as of ${moment(at, now())}, ${duration(at - now())} ${isProjected() ? 'ahead' : 'before now'}`;
}

/* ---- Trouble of items and sources ---- */

function troubleSections() {
  const item = openItem();
  const listed = inOrder(allTroubles());
  if (!item) return section('all', 'In items and sources', listed);
  const isHere = (trouble) => isOf(trouble, item);
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

/** Active trouble comes first, then planned trouble sorted by its beginning, then the latest that is over. */
function inOrder(all) {
  const at = shownInstant();
  const dated = all.map((trouble) => ({ trouble, ...trouble, state: stateAt(trouble, at) }));
  const sorted = dated.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || startOf(one) - startOf(other));
  const ended = sorted.filter((trouble) => trouble.state === 'ended');
  return [...sorted.filter((trouble) => trouble.state !== 'ended'), ...ended.reverse().slice(0, ENDED_MAX)];
}

const startOf = (trouble) => trouble.fromAt ?? Number.MAX_SAFE_INTEGER;

const GLYPHS = { active: ['bad', 'diamond'], planned: ['bad', 'hollow'], ended: ['muted', 'ring'] };

function troubleRule(trouble) {
  const [tone, shape] = GLYPHS[trouble.state];
  const title = troubleTitle(trouble);
  return h('div', { key: trouble.id, id: `trouble-${trouble.id}`, class: 'rule', role: 'group', 'aria-label': title, tabindex: -1 }, [
    h('span', { class: `tone-${tone}` }, glyph(shape)),
    h('p', null, title, trouble.state === 'active' && [' ', h('span', { class: 'tag' }, 'active')]),
    removal(trouble.trouble),
    h('small', null, h('span', { dir: 'auto' }, placeText(trouble.target)), `, ${whenText(trouble)}`),
    (trouble.error || trouble.factor != null) &&
      h('small', { class: 'mono' }, trouble.error?.errorCode || `${number(trouble.factor ?? 1)} times as long`),
  ]);
}

/** The button is gone after its act, so that the focus goes to the button that adds trouble. */
const removal = (trouble) => troubleButton(trouble, { class: 'button quiet', after: focusAdd });

const focusAdd = () => document.getElementById('add-trouble')?.focus();

function whenText(trouble) {
  const { state: shown, fromAt, toAt, starts, ends } = trouble;
  const instant = (at) => moment(at, now());
  if (shown === 'ended') {
    if (fromAt === null) return 'over';
    if (trouble.kind === 'reseed') return `at ${instant(fromAt)}`;
    return toAt === null ? `began at ${instant(fromAt)}, is over` : `ended at ${instant(toAt)} after ${duration(toAt - fromAt)}`;
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
  if (fromAt !== null) return `in ${duration(fromAt - shownInstant())}, at ${instant(fromAt)}`;
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
        on: { click: () => remove(rule) },
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

async function remove({ id }) {
  const answer = await attempt(() => state.api.control('DELETE', `faults/${id}`), 'The fault rule is removed');
  faults.refresh({ now: true });
  if (answer) focusAdd();
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

/** Describes the requests that a rule strikes. */
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
