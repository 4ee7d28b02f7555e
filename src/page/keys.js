// Single keys. They can be switched off, because they disturb people who dictate.

import { look } from './axis.js';
import { openDialog } from './dialog.js';
import { closeDock, toggleDock } from './dock.js';
import { focusActive } from './grid.js';
import { changed, state } from './store.js';
import { toNextChange, togglePause } from './time-bar.js';

const ACTS = {
  ' ': togglePause,
  '.': toNextChange,
  '/': () => (document.getElementById('filter') ?? document.getElementById('find'))?.focus(),
  j: () => toggleDock('journal'),
  t: () => toggleDock('trouble'),
  n: () => openDialog('create'),
  '?': () => openDialog('keys'),
};

/** The keys and what they do, for the help. */
export const KEYS = [
  ['Space', 'pause the clock, or let it run'],
  ['.', 'go to the next change'],
  ['← →', 'on the axis: look at another time; with Shift in longer steps'],
  ['+ −', 'on the axis: a shorter or a longer window'],
  ['Esc', 'back to now; close'],
  ['/', 'filter'],
  ['↑ ↓ Enter', 'in the list: move, open'],
  ['j', 'journal'],
  ['t', 'trouble'],
  ['n', 'new mirrored database'],
  ['?', 'this help'],
];

export function onKey(event) {
  if (state.dialog || event.defaultPrevented) return;
  if (event.key === 'Escape') {
    onEscape();
    return;
  }
  const isTyping = event.target.closest('input:not([type=radio], [type=checkbox]), textarea, select');
  const isPressing = event.key === ' ' && event.target.closest('button, a, [role=tab], input, summary');
  if (isTyping || isPressing || event.ctrlKey || event.metaKey || event.altKey || !state.preferences.keys) return;
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function onEscape() {
  if (state.menu) return;
  if (state.axis.look !== null) look(null);
  else if (state.troubleForm) state.troubleForm = null;
  else if (state.dock) {
    state.grid.selected = null;
    closeDock();
    requestAnimationFrame(focusActive);
  } else if (state.tree.isOpen) state.tree.isOpen = false;
  changed();
}
