// Menus: native popovers beneath the button that opened them.

import { h } from './dom.js';
import { changed, state } from './store.js';

const MARGIN = 8;
const GAP = 4;

/** Describes a menu. It is filled while it is open. `name` is that of the button that opens it. */
export function menu(name, label, content) {
  const isOpen = state.menu?.name === name;
  const on = {
    // `toggle` comes too late: a rendering between the two would open the menu again.
    beforetoggle: (event) => {
      if (event.newState === 'closed' && state.menu?.name === name) set(null);
    },
  };
  return h('div', { key: `menu-${name}`, id: `menu-${name}`, class: 'menu', popover: 'auto', role: 'region', 'aria-label': label, on }, isOpen && content());
}

/** The menu that was open when a button was pressed. The press closes it, so that the click must not open it again. */
let pressed = null;

/** Describes a button that opens a menu. */
export function menuButton(name, props, ...children) {
  const isOpen = state.menu?.name === name;
  const click = (event) => {
    const isClosing = isOpen || pressed === name;
    pressed = null;
    if (isClosing) closeMenu();
    else openMenu(name, event.currentTarget);
  };
  const on = { pointerdown: () => (pressed = state.menu?.name ?? null), click };
  return h('button', { type: 'button', ...props, 'aria-haspopup': 'true', 'aria-expanded': String(isOpen), on }, ...children);
}

function openMenu(name, button) {
  set({ name, button });
}

export function closeMenu() {
  const open = state.menu && document.getElementById(`menu-${state.menu.name}`);
  if (open?.matches(':popover-open')) open.hidePopover();
  set(null);
}

/** Shows the open menu at its place. Called after the page was rendered, because the place depends on the size of the content. */
export function placeMenu() {
  if (!state.menu) return;
  const panel = document.getElementById(`menu-${state.menu.name}`);
  if (!panel || panel.matches(':popover-open')) return;
  panel.showPopover();
  const button = state.menu.button.getBoundingClientRect();
  const left = Math.max(MARGIN, Math.min(innerWidth - panel.offsetWidth - MARGIN, button.left));
  const below = button.bottom + GAP;
  const above = Math.max(MARGIN, button.top - GAP - panel.offsetHeight);
  panel.style.left = `${left}px`;
  panel.style.top = `${below + panel.offsetHeight > innerHeight - GAP ? above : below}px`;
  panel.querySelector('button, input, select, a')?.focus();
}

function set(open) {
  state.menu = open;
  changed();
}
