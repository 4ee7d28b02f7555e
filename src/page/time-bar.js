// The clock of the tenant and everything that moves it.

import { h } from './dom.js';
import { date, duration, moment, time } from './format.js';
import { icon } from './icons.js';
import { jumpMenu, paceMenu } from './menus.js';
import { menu, menuButton } from './menu.js';
import { tableLabel } from './spans.js';
import { attempt, changed, itemsById, now, openItem, state, toast } from './store.js';

const MODES = [
  ['real', 'Real', 'as fast as on the machine'],
  ['scaled', 'Scaled', 'faster or slower'],
  ['manual', 'Manual', 'only when you move it'],
  ['stepped', 'Stepped', 'a step before each request'],
];
const RATES = [10, 60, 600, 3600];
const AHEAD_MIN = 3000;
const YEAR = 365 * 86400 * 1000;

export function timeBar() {
  const { clock } = state;
  const isStill = clock.paused || clock.mode === 'manual' || clock.mode === 'stepped';
  const play = { type: 'button', class: 'button play', 'aria-label': isStill ? 'Let the clock run' : 'Pause the clock', on: { click: togglePause } };
  return h('section', { class: 'time', 'aria-label': 'Clock' }, [
    h('button', play, icon(isStill ? 'play' : 'pause')),
    reading(),
    h('div', { class: 'segmented clock-modes', role: 'radiogroup', 'aria-label': 'Mode of the clock' }, MODES.map(mode)),
    h('div', { class: 'clock-rate' }, rate()),
    pace(),
    jumps(),
    nextChange(),
  ]);
}

function reading() {
  const instant = now();
  const { offset } = state.clock;
  const day = Math.abs(offset) > YEAR / 2 ? date(instant) : date(instant).slice(0, -5);
  const away = Math.abs(offset) > AHEAD_MIN && ` · ${duration(offset)} ${offset > 0 ? 'ahead' : 'behind'}`;
  return h('div', { class: 'clock' }, [
    h('b', { class: 'clock-time' }, [
      time(instant),
      h('small', { class: 'clock-fraction' }, `.${Math.floor(instant / 100) % 10}`),
      h('small', { class: 'clock-zone' }, ' UTC'),
    ]),
    h('span', { class: 'clock-date' }, day, away && h('span', { class: 'clock-offset' }, away)),
  ]);
}

function mode([value, label, title]) {
  const input = h('input', { type: 'radio', name: 'mode', value, checked: state.clock.mode === value, on: { change: () => setMode(value) } });
  return h('label', { title, class: state.clock.mode === value ? 'is-checked' : '' }, input, h('span', null, label));
}

function rate() {
  const { clock } = state;
  if (clock.mode === 'scaled') {
    const rates = RATES.includes(clock.scale) ? RATES : [...RATES, clock.scale];
    const change = (event) => setClock({ mode: 'scaled', rate: Number(event.target.value) });
    return h('select', { class: 'input', 'aria-label': 'Rate of the clock', value: String(clock.scale), on: { change } },
      rates.map((each) => h('option', { value: String(each), selected: each === clock.scale }, `${each.toLocaleString('en-US')}×`)));
  }
  if (clock.mode === 'stepped') {
    const change = (event) => setClock({ mode: 'stepped', step: Number(event.target.value) });
    const props = { class: 'input clock-step', type: 'number', min: 0, step: 'any', 'aria-label': 'Seconds before each request' };
    return [h('input', { ...props, value: String(clock.step), on: { change } }), h('span', null, 's each')];
  }
  return h('span', null, clock.isRunning ? '1 s a second' : 'stands still');
}

/** The pace of the steps, which is another thing than the rate of the clock. */
function pace() {
  const name = state.settings?.pace ?? '–';
  const title = 'How long steps such as Starting and Snapshotting take';
  return h('div', { class: 'pace' }, [
    menuButton('pace', { class: 'button quiet', title }, h('span', null, h('small', null, 'Pace'), ' ', name), icon('down')),
    menu('pace', 'Pace of steps', paceMenu),
  ]);
}

function jumps() {
  const jump = ([seconds, label]) => h('button', { type: 'button', class: 'button jump', on: { click: () => jumpTo(now() + seconds * 1000) } }, label);
  return h('div', { class: 'jumps', role: 'group', 'aria-label': 'Move time forward' }, [
    [[10, '+10 s'], [60, '+1 min'], [3600, '+1 h']].map(jump),
    menuButton('jump', { class: 'button jump-menu', 'aria-label': 'Jump to' }, icon('forward'), h('span', null, 'Jump to')),
    menu('jump', 'Jump to', jumpMenu),
  ]);
}

function nextChange() {
  const { nextChange: next } = state.clock;
  return h('button', { type: 'button', class: 'next-change', disabled: !next, on: { click: toNextChange } }, [
    icon('next'),
    h('span', null, next ? nextText(next) : [h('b', null, 'No change ahead'), h('span', { class: 'next-what' }, 'every status stays as it is')]),
    h('kbd', { class: 'key' }, '.'),
  ]);
}

/** The new status stays in view: a long subject gives way. */
const nextText = (next) => [
  h('b', null, 'Next ', h('span', { class: 'wide-only' }, 'change '), `in ${duration(Math.max(0, next.at - now()))}`),
  h('span', { class: 'next-what' }, h('bdi', null, subject(next)), h('span', null, `\u00a0→ ${change(next)}`)),
];

function subject(next) {
  const item = itemsById().get(next.item);
  const table = next.table && tableLabel(next.table.schemaName, next.table.tableName);
  const isOpen = openItem()?.id === next.item;
  return [!isOpen || !table ? item?.displayName : null, table].filter(Boolean).join(' ');
}

const change = (next) => (next.from === next.to ? `${next.to}, error changes` : (next.to ?? 'gone'));

/* ---- Acts ---- */

async function setClock(members) {
  const answer = await attempt(() => state.api.control('POST', 'clock', members));
  if (answer) state.clock.set(answer);
  changed();
}

function setMode(mode) {
  const members = { real: {}, scaled: { rate: state.clock.scale > 1 ? state.clock.scale : 60 }, manual: {}, stepped: { step: state.clock.step || 5 } }[mode];
  return setClock({ mode, ...members, paused: false });
}

/** Pauses a running clock. A stopped clock runs again: in its mode if it was paused, else as on the machine. */
export function togglePause() {
  const { clock } = state;
  if (clock.paused) return setClock({ paused: false });
  if (clock.mode === 'manual' || clock.mode === 'stepped') return setClock({ mode: 'real' });
  return setClock({ paused: true });
}

/** Moves the clock to an instant, and back to looking at now. */
export async function jumpTo(instant) {
  if (instant < now()) {
    toast('The clock never goes back. Fork the tenant there instead.');
    return;
  }
  Object.assign(state.axis, { look: null, from: null });
  await setClock({ now: new Date(Math.ceil(instant)).toISOString() });
}

/** Moves the clock to the next change of a status. */
export async function toNextChange() {
  const { nextChange: next } = state.clock;
  if (!next) return;
  await jumpTo(next.at + 1);
  toast(`${moment(next.at, now())} ${subject(next)} → ${change(next)}`);
}
