// The panel beside the view: the selected table, the journal, and the trouble.

import { principals } from './callers.js';
import { afterRendering, h } from './dom.js';
import { focusActive, isPhone } from './grid.js';
import { icon } from './icons.js';
import { journalPane } from './journal-pane.js';
import { changed, faults, state, troubles } from './store.js';
import { tablePane } from './table-pane.js';
import { troublePane } from './trouble-pane.js';

const PANES = {
  table: { label: 'Table', view: tablePane },
  journal: { label: 'Journal', view: journalPane },
  trouble: { label: 'Trouble', view: troublePane },
};

/** The element that had the focus before the dock opened. */
let opener = null;

/** Describes the content of the dock. */
export function dock({ dock: wanted, grid }) {
  const tabs = Object.keys(PANES).filter((tab) => tab !== 'table' || grid.selected !== null);
  const shown = tabs.includes(wanted) ? wanted : 'journal';
  return [
    h('div', { class: 'dock-head' }, [
      h(
        'div',
        { role: 'tablist', 'aria-label': 'Details', on: { keydown: (event) => onKey(event, tabs, shown) } },
        tabs.map((tab) => tabButton(tab, shown)),
      ),
      h('span', { class: 'grow' }),
      h(
        'button',
        { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Close the details', on: { click: onClose } },
        icon('close'),
      ),
    ]),
    h('div', { key: shown, id: 'dock-body', class: 'dock-body', role: 'tabpanel', 'aria-labelledby': `dock-${shown}`, tabindex: 0 }, [
      h('h2', { class: 'hidden-text' }, PANES[shown].label),
      PANES[shown].view(),
    ]),
  ];
}

function tabButton(tab, shown) {
  const isShown = tab === shown;
  const props = { id: `dock-${tab}`, type: 'button', role: 'tab', 'aria-selected': String(isShown), tabindex: isShown ? 0 : -1 };
  return h('button', { key: tab, ...props, 'aria-controls': 'dock-body', on: { click: () => showTab(tab) } }, PANES[tab].label);
}

/** The keys of a list of tabs, as in the ARIA practices. */
function onKey(event, tabs, shown) {
  const index = tabs.indexOf(shown);
  const targets = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: -1 };
  if (!(event.key in targets)) return;
  event.preventDefault();
  showTab(tabs.at(targets[event.key] % tabs.length));
  focusTab();
}

/**
 * Shows a tab. The focus stays on a row or on a button of the top bar, except where the dock covers it; otherwise it goes to the
 * tab. Without `movesFocus` the caller moves it.
 */
export function openDock(tab, { movesFocus = true } = {}) {
  if (!state.dock) opener = document.activeElement;
  showTab(tab);
  if (!movesFocus) return;
  const isBeside = opener?.closest('.grid-row, .top, .dock');
  if (!isBeside || isPhone()) focusTab();
}

function showTab(tab) {
  state.dock = tab;
  // No event tells that trouble has begun or ended by time.
  if (tab === 'trouble') for (const each of [troubles, faults]) each.refresh();
  if (tab !== 'table') principals.refresh();
  changed();
}

/** Closes the dock. The focus returns to where it was, if the dock had it. */
export function closeDock() {
  if (!state.dock) return;
  const hadFocus = document.activeElement?.closest('.dock') ?? null;
  const tab = state.dock;
  const target = opener;
  Object.assign(state, { dock: null, troubleForm: null });
  opener = null;
  changed();
  if (hadFocus) afterRendering(() => returnFocus(target, tab));
}

function onClose() {
  state.grid.selected = null;
  closeDock();
}

export function toggleDock(tab) {
  if (state.dock === tab) closeDock();
  else openDock(tab);
}

function returnFocus(target, tab) {
  if (target?.isConnected && target !== document.body) target.focus();
  else if (tab === 'table') focusActive();
  else document.getElementById(`button-${tab}`)?.focus();
}

const focusTab = () => afterRendering(() => document.querySelector('.dock [role=tab][aria-selected=true]')?.focus());
