// The time axis: the window that all lanes share, its marks, and looking at another instant.

import { h } from './dom.js';
import { DAY, HOUR, MINUTE, SECOND, date, duration, time } from './format.js';
import { changed, figures, isProjected, now, shownInstant, state } from './store.js';

/** The lengths that can be chosen. */
export const LENGTHS = [[2 * MINUTE, '2 min'], [10 * MINUTE, '10 min'], [30 * MINUTE, '30 min'], [2 * HOUR, '2 h'], [12 * HOUR, '12 h'], [7 * DAY, '7 d']];
const LENGTH_MIN = 30 * SECOND;
const LENGTH_MAX = 60 * DAY;
/** The place of now in a window that follows it. */
const NOW_AT = 0.7;
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800].map((seconds) => seconds * SECOND);
/** Pixels between two marks. */
const MARK_GAP = 54;
/** The pointer moves so many pixels before a press counts as a drag. */
const DRAG_MIN = 4;

/** The hint that is shown until the viewer looks at another time. */
export const LOOK_HINT = 'Click or drag to look at another time';

let width = 400;

/** The first and the last shown instant. */
export function visible() {
  const { from, length } = state.axis;
  const start = from ?? now() - length * NOW_AT;
  return [start, start + length];
}

/** The place of an instant in the window: 0 at its beginning, 100 at its end. */
export function placeOf(instant) {
  const [from, to] = visible();
  return ((instant - from) / (to - from)) * 100;
}

export const percent = (place) => `${place.toFixed(2)}%`;
export const laneWidth = () => width;

/** Measures the lanes. Called after each rendering, which is repeated if their width has changed, such as beside the dock. */
export function measureAxis() {
  const measured = document.getElementById('axis')?.clientWidth;
  if (!measured || measured === width) return;
  width = measured;
  changed();
}

/** Looks at an instant; `null` returns to now. */
export function look(instant) {
  if (instant !== null) learned();
  const isNow = instant === null || Math.abs(instant - now()) < state.axis.length / 250;
  const [from, to] = visible();
  if (isNow) Object.assign(state.axis, { look: null, from: null });
  else if (instant < from || instant > to) Object.assign(state.axis, { look: instant, from: instant - state.axis.length / 2 });
  else Object.assign(state.axis, { look: instant, from });
  figures.refresh({ now: true });
  changed();
}

/** Stops the hint that tells how to look at another time. */
function learned() {
  if (state.preferences.hasLooked) return;
  state.preferences.hasLooked = true;
  localStorage.setItem('has-looked', 'yes');
}

/** Changes the length of the window around an instant. */
export function zoom(length, around = shownInstant()) {
  const place = state.axis.from === null && state.axis.look === null ? null : placeOf(around) / 100;
  state.axis.length = Math.max(LENGTH_MIN, Math.min(LENGTH_MAX, length));
  state.axis.from = place === null ? null : around - Math.max(0, Math.min(1, place)) * state.axis.length;
  changed();
}

/** Moves the window. */
function pan(milliseconds) {
  state.axis.from = visible()[0] + milliseconds;
  changed();
}

export function axis() {
  const shown = shownInstant();
  const distance = `${duration(now() - shown)} ${isProjected() ? 'ahead, projected' : 'before now'}`;
  const words = state.axis.look === null ? `now, ${time(shown)}` : `${date(shown)} ${time(shown)}, ${distance}`;
  const props = {
    id: 'axis', class: 'lane axis', role: 'slider', tabindex: 0, 'aria-label': 'Look at another time', title: LOOK_HINT,
    'aria-valuemin': 0, 'aria-valuemax': 1000, 'aria-valuenow': Math.round(Math.max(0, Math.min(1000, placeOf(shown) * 10))), 'aria-valuetext': words,
    on: { keydown: onKey, ...laneEvents },
  };
  return h('div', props, marks(), flags());
}

function marks() {
  const [from, to] = visible();
  const step = STEPS.find((candidate) => (candidate / (to - from)) * width > MARK_GAP) ?? STEPS.at(-1);
  const flagged = [now(), ...(state.axis.look === null ? [] : [state.axis.look])].map(pixel);
  const all = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) {
    const x = pixel(at);
    const hasRoom = x > 18 && width - x > 18 && flagged.every((flag) => Math.abs(flag - x) > 46);
    all.push(h('i', { key: `mark-${at}`, class: 'axis-mark', style: { left: percent(placeOf(at)) } }));
    if (hasRoom) all.push(h('span', { key: `label-${at}`, class: 'axis-label', style: { left: percent(placeOf(at)) } }, label(at, step)));
  }
  return all;
}

const pixel = (instant) => (placeOf(instant) / 100) * width;

function label(instant, step) {
  if (step >= DAY || (instant % DAY === 0 && state.axis.length > 12 * HOUR)) return date(instant).slice(4, 10);
  return step < MINUTE ? time(instant) : time(instant).slice(0, 5);
}

function flags() {
  const { look: looked } = state.axis;
  const place = placeOf(now());
  const isFree = looked === null || Math.abs(pixel(looked) - pixel(now())) > 54;
  const all = [];
  if (place >= 0 && place <= 100 && isFree) all.push(h('span', { key: 'now', class: 'axis-flag', style: { left: percent(place) } }, 'now'));
  if (looked !== null) {
    const half = (32 / width) * 100;
    const left = Math.max(half, Math.min(100 - half, placeOf(looked)));
    all.push(h('span', { key: 'look', class: 'axis-flag is-look', style: { left: percent(left) } }, time(looked)));
  }
  return all;
}

function onKey(event) {
  const step = (state.axis.length / 60) * (event.shiftKey ? 5 : 1);
  const [from, to] = visible();
  const targets = {
    ArrowLeft: shownInstant() - step,
    ArrowRight: shownInstant() + step,
    PageUp: shownInstant() - step * 10,
    PageDown: shownInstant() + step * 10,
    Home: from,
    End: to,
  };
  if (event.key === '+' || event.key === '-') zoom(state.axis.length * (event.key === '+' ? 0.5 : 2));
  else if (event.key in targets) look(targets[event.key]);
  else return;
  event.preventDefault();
}

/** Listeners of a lane: a drag looks, with Shift it moves the window; the wheel moves it too, and zooms with Control. */
export const laneEvents = { pointerdown: onPress, wheel: onWheel };

let drag = null;

/** `true` while a drag ends, so that its click does not open a row. */
export const isDragging = () => drag !== null;

function onPress(event) {
  if (event.button !== 0) return;
  const start = event.clientX;
  const from = visible()[0];
  const isInSummary = event.currentTarget.closest('.summary') !== null;
  const isMoving = event.shiftKey;
  let hasMoved = false;
  const follow = (moved) => {
    if (!hasMoved && Math.abs(moved.clientX - start) < DRAG_MIN) return;
    hasMoved = true;
    drag = { at: moved.clientX };
    if (isMoving) set(from - ((moved.clientX - start) / width) * state.axis.length);
    else look(instantAt(moved.clientX));
  };
  const end = (released) => {
    removeEventListener('pointermove', follow);
    removeEventListener('pointerup', end);
    if (!hasMoved && isInSummary && !isMoving) look(instantAt(released.clientX));
    setTimeout(() => (drag = null));
  };
  addEventListener('pointermove', follow);
  addEventListener('pointerup', end);
}

function set(from) {
  state.axis.from = from;
  changed();
}

function instantAt(x) {
  const box = document.getElementById('axis').getBoundingClientRect();
  const [from, to] = visible();
  return from + Math.max(0, Math.min(1, (x - box.left) / box.width)) * (to - from);
}

function onWheel(event) {
  if (event.ctrlKey) {
    event.preventDefault();
    zoom(state.axis.length * Math.exp(event.deltaY / 300), instantAt(event.clientX));
  } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    pan((event.deltaX / width) * state.axis.length);
  }
}

