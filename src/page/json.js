// JSON values as coloured text.

import { h } from './dom.js';
import { highlighted } from './json-text.js';

/** Longer texts are not coloured: one element per token would make the page slow. */
const COLOURED_MAX = 40_000;

/** Describes a value as indented JSON, with its tokens in colour. A text is shown as it is. */
export function json(value) {
  if (typeof value === 'string') return [value];
  const text = JSON.stringify(value, null, 2);
  if (text.length > COLOURED_MAX) return [text];
  return text.split('\n').map((line, index) => [index > 0 && '\n', highlighted(line)]);
}

/** Describes a block with a value as JSON. It can be scrolled with the keyboard. `label` names it for screen readers. */
export const jsonBlock = (label, value) => h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': label }, json(value));
