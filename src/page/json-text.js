// JSON as text: its lines, and its tokens by colour.

import { h } from './dom.js';

const TOKEN = /("(?:[^"\\]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;

/** A longer line stays without colour: a whole document in one line has thousands of tokens. */
const LENGTH_MAX = 2000;

/** Describes a line with its tokens in colour. A token of JSON never goes over the end of a line. */
export function highlighted(line) {
  if (line.length > LENGTH_MAX) return [line];
  const pieces = [];
  let end = 0;
  for (const match of line.matchAll(TOKEN)) {
    const [, text, colon, number, word] = match;
    const token = text ?? number ?? word;
    const kind = text === undefined ? (number === undefined ? 'word' : 'number') : colon === undefined ? 'string' : 'key';
    if (match.index > end) pieces.push(line.slice(end, match.index));
    pieces.push(h('span', { class: `json-${kind}` }, token));
    end = match.index + token.length;
  }
  if (end < line.length) pieces.push(line.slice(end));
  return pieces;
}

/** The piece of a line that a finding at a column is about. Columns count characters from 1. */
export function tokenAt(line, column) {
  const start = [...line].slice(0, column - 1).join('').length;
  const rest = line.slice(start);
  const token = /^(?:"(?:[^"\\]|\\.)*"?|[\w.+-]+|\S)/.exec(rest)?.[0] ?? rest.slice(0, 1);
  return [start, start + token.length];
}
