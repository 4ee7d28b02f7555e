// What is drawn on the time axis: spans of statuses, curves, requests, and trouble.

import { h } from './dom.js';
import { laneWidth, percent, placeOf, visible } from './axis.js';
import { now } from './store.js';

/** A status needs so many pixels to show its name. */
const NAME_MIN = 62;
/** Spans that are narrower than this many pixels are drawn as one. */
const MERGE_BELOW = 1;
const CURVE_WIDTH = 1000;
const CURVE_HEIGHT = 52;

/** The fills of spans with an error. */
const ERRORS = new Set(['bad', 'warning']);

/**
 * The spans of a status. `look` returns how a span is shown. Spans under a pixel are merged into one that says "several", and shows
 * the error of one of them. `errors` are periods of an error elsewhere, such as in a table of the database: they get a mark.
 */
export function spans(all, look, { isNamed = false, errors = [] } = {}) {
  const [from, to] = visible();
  const drawn = [];
  for (const span of all) {
    if ((span.to ?? Infinity) <= from || span.from >= to) continue;
    const left = Math.max(-0.5, placeOf(span.from));
    const right = Math.min(100.5, span.to === null ? 100.5 : placeOf(span.to));
    const last = drawn.at(-1);
    const isTiny = ((right - left) * laneWidth()) / 100 < MERGE_BELOW;
    const shown = look(span);
    if (isTiny && last?.isTiny) Object.assign(last, { right, shown: { ...(ERRORS.has(last.shown.fill) ? last.shown : shown), word: 'several' } });
    else drawn.push({ left, right, shown, isTiny, from: span.from });
  }
  const bars = drawn.map(({ left, right, shown, from: key }) => h('i', { key, class: `span fill-${shown.fill}`, style: extent(left, right) }));
  return [bars, errors.map(errorMark), isNamed && drawn.map(nameOf)];
}

const extent = (left, right) => ({ left: percent(left), width: percent(right - left) });

function errorMark({ from, to }) {
  const left = Math.max(-0.5, placeOf(from));
  const right = to === null ? 100.5 : Math.min(100.5, placeOf(to));
  return right >= 0 && left < 100 && h('i', { key: `error-${from}`, class: 'span fill-warning is-beside', style: extent(left, right) });
}

/** The name of a span, in its past part or in its projected part. The latter is hatched, so that the name has a ground of its own. */
function nameOf({ left, right, shown, from: key }) {
  if (shown.fill === 'moving') return null;
  const present = placeOf(now());
  const parts = [[Math.max(0, left), Math.min(right, present), ''], [Math.max(0, left, present), Math.min(100, right), 'is-ahead']];
  const found = parts.find(([from, to]) => ((to - from) * laneWidth()) / 100 > NAME_MIN);
  if (!found) return null;
  const [from, to, ahead] = found;
  const style = { left: percent(from), 'max-width': percent(to - from) };
  return h('em', { key: `name-${key}`, class: `span-name of-${shown.fill} ${ahead}`, style }, h('span', null, shown.word));
}

/** The scales of the curves by name. A scale grows at once, and shrinks only if the curve has become much lower. */
const scales = new Map();

/**
 * A curve of the points `[{at, values: [number | null, …]}]`. The first value is the line; a second one is drawn thin.
 * `isStepped` keeps each value until the next point.
 */
export function curve(name, points, { format, isStepped = false }) {
  const highest = Math.max(0, ...points.flatMap((point) => point.values.filter((value) => value !== null)));
  if (highest === 0) return null;
  let top = scales.get(name) ?? 0;
  if (highest > top || highest < top * 0.45) {
    top = roundUp(highest * 1.04);
    scales.set(name, top);
  }
  const [line, thin] = [0, 1].map((index) => path(points, index, top, isStepped));
  const first = points.find((point) => point.values[0] !== null);
  const area = first && `${line}V${CURVE_HEIGHT}H${x(first.at)}Z`;
  const drawing = [
    !isStepped && area && h('path', { class: 'curve-area', d: area }),
    thin && h('path', { class: 'curve-thin', d: thin }),
    h('path', { class: 'curve-line', d: line }),
  ];
  return [h('svg', { viewBox: `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`, preserveAspectRatio: 'none' }, drawing), h('span', { class: 'curve-scale' }, format(top))];
}

const x = (at) => ((placeOf(at) / 100) * CURVE_WIDTH).toFixed(1);

function path(points, index, top, isStepped) {
  let text = '';
  let isDown = false;
  for (const point of points) {
    const value = point.values[index] ?? null;
    if (value === null) {
      isDown = false;
      continue;
    }
    const y = (CURVE_HEIGHT - 3 - (value / top) * (CURVE_HEIGHT - 9)).toFixed(1);
    if (!isDown) text += `M${x(point.at)} ${y}`;
    else text += isStepped ? `H${x(point.at)}V${y}` : `L${x(point.at)} ${y}`;
    isDown = true;
  }
  return text;
}

function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((candidate) => candidate >= value) ?? 10 * power;
}

/** One mark per request: rejected ones and those that a fault struck stand out. */
export function requests(exchanges) {
  return exchanges.map((exchange, index) => {
    const kind = exchange.fault ? 'struck' : exchange.status === null || exchange.status >= 400 ? 'rejected' : '';
    return h('i', { key: exchange.id ?? `request-${index}`, class: `tick ${kind}`, style: { left: percent(placeOf(exchange.at)) } });
  });
}

/** Diamonds where trouble begins, and bars for as long as it lasts. */
export function troubleMarks(troubles, instant) {
  const begun = troubles.filter((trouble) => trouble.fromAt !== null);
  const bars = begun.filter((trouble) => trouble.kind !== 'reseed').map((trouble) => {
    const left = Math.max(-1, placeOf(trouble.fromAt));
    const right = trouble.toAt === null ? 101 : Math.min(101, placeOf(trouble.toAt));
    const isClosed = trouble.toAt !== null && trouble.toAt <= instant;
    return right > left && left < 101 && h('i', { key: `bar-${trouble.id}`, class: `force ${isClosed ? 'is-closed' : ''}`, style: extent(left, right) });
  });
  const marks = begun.map((trouble) =>
    h('i', { key: `mark-${trouble.id}`, class: `mark ${trouble.fromAt > instant ? 'ahead' : ''}`, style: { left: percent(placeOf(trouble.fromAt)) } }),
  );
  return [...bars, ...marks];
}
