// An editor for JSON: a text field over a highlighted copy of its text. Only the lines in view are described, so that long
// texts cost no more than short ones.

import { h } from './dom.js';
import { highlighted, tokenAt } from './json-text.js';
import { changed } from './store.js';

/** Height of a line, in pixels. */
const LINE = 20;
/** Padding above the first line and beside the text, in pixels. */
const PADDING = 12;
/** Lines that are described above and below those in view. */
const MARGIN = 20;

let scrolled = 0;
let height = 800;
let cached = { text: null, lines: [], longest: 0 };

/** The lines of a text, and the width of the longest in characters. */
function linesOf(text) {
  if (cached.text !== text) {
    const lines = text.split('\n');
    cached = { text, lines, longest: Math.max(...lines.map(width)) };
  }
  return cached;
}

/** The width of a line in columns. Letters of East Asia take two. */
function width(line) {
  let columns = 0;
  for (const character of line) columns += character === '\t' || character > '\u2e80' ? 2 : 1;
  return columns;
}

/** `findings` have line and column. `props` are attributes of the text field; `change` gets a new text. */
export function editor({ text, findings, props, change }) {
  const { lines, longest } = linesOf(text);
  const first = Math.max(0, Math.floor((scrolled - PADDING) / LINE) - MARGIN);
  const last = Math.min(lines.length, Math.ceil((scrolled + height) / LINE) + MARGIN);
  const inView = lines.slice(first, last).map((line, index) => ({ line, at: first + index + 1 }));
  const marked = new Map(findings.filter(({ line }) => line !== null).map((finding) => [finding.line, finding]));
  const above = h('span', { key: 'above', class: 'editor-space', style: { display: 'block', height: `${first * LINE}px` } });
  const full = {
    height: `${lines.length * LINE + 2 * PADDING}px`,
    'line-height': `${LINE}px`,
    'padding-top': `${PADDING}px`,
    'padding-bottom': `${PADDING}px`,
    'box-sizing': 'border-box',
    overflow: 'hidden',
  };
  const on = {
    scroll: (event) => {
      scrolled = event.currentTarget.scrollTop;
      height = visibleHeight(event.currentTarget);
      changed();
    },
  };
  return h('div', { class: 'editor', style: { overflow: 'auto', 'max-height': '100vh' }, on, mount: measure }, [
    h(
      'ol',
      { class: 'editor-lines', 'aria-hidden': 'true', style: full },
      above,
      inView.map(({ at }) => h('li', { class: marked.has(at) ? 'is-bad' : '' }, String(at))),
    ),
    h('div', { class: 'editor-text', style: { 'min-width': `calc(${longest}ch + 40px)` } }, [
      h(
        'pre',
        { class: 'editor-highlight', dir: 'ltr', 'aria-hidden': 'true', style: full },
        above,
        inView.map(({ line, at }) => [lineOf(line, marked.get(at)), '\n']),
      ),
      h('textarea', {
        class: 'editor-input',
        dir: 'ltr',
        spellcheck: 'false',
        autocapitalize: 'off',
        wrap: 'off',
        ...props,
        style: full,
        value: text,
        on: { input: (event) => change(event.target.value) },
      }),
    ]),
  ]);
}

const visibleHeight = (node) => Math.min(node.clientHeight, innerHeight);

function measure(node) {
  scrolled = 0;
  height = visibleHeight(node);
  changed();
}

function lineOf(line, finding) {
  if (!finding) return highlighted(line);
  const [start, end] = tokenAt(line, finding.column);
  return [highlighted(line.slice(0, start)), h('mark', { class: 'is-bad' }, line.slice(start, end) || ' '), highlighted(line.slice(end))];
}

/** Moves the cursor of the text field to a line and a column. */
export function goTo(node, text, { line, column }) {
  const lines = text.split('\n');
  const [start] = tokenAt(lines[line - 1] ?? '', column);
  const offset = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + start;
  node.focus({ preventScroll: true });
  node.setSelectionRange(offset, offset);
  node.closest('.editor').scrollTop = Math.max(0, (line - 5) * LINE);
}
