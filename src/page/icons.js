import { h } from './dom.js';

const GLYPHS = {
  disc: [['circle', { cx: 6, cy: 6, r: 5, fill: 'currentColor' }]],
  half: [['circle', { cx: 6, cy: 6, r: 4.5, 'stroke-width': 1.5, class: 'outline' }], ['path', { d: 'M6 1.5a4.5 4.5 0 010 9z', fill: 'currentColor' }]],
  turn: [['path', { d: 'M10.3 5A4.5 4.5 0 102 8.2', 'stroke-width': 1.6, class: 'outline' }], ['path', { d: 'M11.5 1.5v4.2H7.3z', fill: 'currentColor' }]],
  triangle: [['path', { d: 'M6 .8L11.7 11H.3z', fill: 'currentColor' }]],
  diamond: [['path', { d: 'M6 .3L11.7 6 6 11.7.3 6z', fill: 'currentColor' }]],
  hollow: [['path', { d: 'M6 1l5 5-5 5-5-5z', 'stroke-width': 1.5, class: 'outline' }]],
  square: [['rect', { x: 1.5, y: 1.5, width: 9, height: 9, rx: 1, fill: 'currentColor' }]],
  bars: [['path', { d: 'M2 1.5h3v9H2zM7 1.5h3v9H7z', fill: 'currentColor' }]],
  dashes: [['circle', { cx: 6, cy: 6, r: 4.5, 'stroke-width': 1.6, 'stroke-dasharray': '2.6 2.1', class: 'outline' }]],
  ring: [['circle', { cx: 6, cy: 6, r: 4.5, 'stroke-width': 1.5, class: 'outline' }]],
};

const ICONS = {
  add: 'M8 3v10M3 8h10',
  bolt: 'M9 1.5L3 9h4l-1 5.5L13 7H8.5z',
  close: 'M4 4l8 8M12 4l-8 8',
  down: 'M4.5 6.5L8 10l3.5-3.5',
  forward: 'M2 4l5 4-5 4zM8 4l5 4-5 4z',
  help: 'M5.8 6a2.2 2.2 0 114 1.2c-.6.8-1.8 1-1.8 2.3M8 12.3v.1',
  list: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h7',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  next: 'M3 3.5l7 4.5-7 4.5zM12.5 3.5v9',
  pause: 'M5 3v10M11 3v10',
  play: 'M4.5 2.5l8 5.5-8 5.5z',
  stop: 'M4 4h8v8H4z',
  theme: 'M8 2.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM8 2.5v11',
};

/** A picture for a button. It has no name: the button has one. */
export const icon = (name) => h('svg', { class: `icon icon-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, h('path', { d: ICONS[name] }));

/** The shape of a status. Each status has its own, so that nothing depends on colour. */
export const glyph = (name) => h('svg', { class: 'glyph', viewBox: '0 0 12 12', 'aria-hidden': 'true' }, GLYPHS[name].map(([tag, props]) => h(tag, props)));

/** A glyph and the word beside it, with what the word leaves open. */
export const status = (shown) =>
  h('span', { class: `status tone-${shown.tone}` }, glyph(shown.glyph), h('span', null, shown.word, shown.detail && h('small', null, `, ${shown.detail}`)));
