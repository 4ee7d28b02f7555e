// The open dialog. At most one is open.

import { createDialog } from './create-dialog.js';
import { afterRendering, h } from './dom.js';
import { icon } from './icons.js';
import { deleteDialog, forkDialog, keysDialog, loadSnapshotDialog, resetDialog, scenarioDialog } from './small-dialogs.js';
import { changed, state } from './store.js';

/** `begin` returns the first values of a dialog; `view` describes its content; both get `state.dialog`. */
const DIALOGS = {
  create: createDialog,
  delete: deleteDialog,
  fork: forkDialog,
  keys: keysDialog,
  reset: resetDialog,
  scenario: scenarioDialog,
  snapshot: loadSnapshotDialog,
};

/** The element that had the focus before. */
let opener = null;
let isPressedOutside = false;

/** Opens a dialog, in place of the open one. `values` are given to it. */
export function openDialog(name, values = {}) {
  if (!state.dialog) opener = document.activeElement;
  state.dialog = { name, values, error: null, isBusy: false };
  DIALOGS[name].begin?.(state.dialog);
  changed();
}

/** Closes the dialog. The focus returns to the element that opened it. */
export function closeDialog() {
  if (!state.dialog) return;
  state.dialog = null;
  const target = opener;
  opener = null;
  changed();
  // The dialog keeps the focus until it has left the document.
  afterRendering(() => returnFocus(target));
}

function returnFocus(target) {
  if (state.dialog) return;
  const isThere = target?.isConnected && target !== document.body && target.getClientRects().length > 0;
  (isThere ? target : document.getElementById('main'))?.focus();
}

export function dialogs() {
  const { dialog } = state;
  if (!dialog) return null;
  const { isSmall = true, view } = DIALOGS[dialog.name];
  const { title, body, footer } = view(dialog);
  const on = {
    cancel: (event) => {
      if (event.target !== event.currentTarget) return;
      event.preventDefault();
      closeDialog();
    },
    close: (event) => event.target === event.currentTarget && closeDialog(),
    pointerdown: (event) => (isPressedOutside = isOutside(event)),
    click: (event) => isPressedOutside && isOutside(event) && closeDialog(),
  };
  return h(
    'dialog',
    {
      key: `dialog-${dialog.name}`,
      class: `dialog ${isSmall ? 'is-small' : ''}`,
      'aria-labelledby': 'dialog-title',
      mount: (node) => node.showModal(),
      on,
    },
    [
      h('header', null, [
        h('h2', { id: 'dialog-title', dir: 'auto' }, title),
        h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Close', on: { click: closeDialog } }, icon('close')),
      ]),
      h('div', { class: 'dialog-body' }, body),
      footer && h('footer', null, footer),
    ],
  );
}

/** Tells a press on the backdrop from one in the dialog: both have the dialog as their target. */
function isOutside(event) {
  if (event.target !== event.currentTarget) return false;
  const box = event.currentTarget.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
