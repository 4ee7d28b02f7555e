// The page: what is shown at an address, and when it is shown again.

import { ApiError } from './api.js';
import { resumeStarts } from './auto-start.js';
import { measureAxis } from './axis.js';
import { definitionView } from './definition.js';
import { dialogs, openDialog } from './dialog.js';
import { dock } from './dock.js';
import { h, render } from './dom.js';
import { isFlowing } from './grid.js';
import { onKey } from './keys.js';
import { placeMenu } from './menu.js';
import { emptyArt, monitor } from './monitor.js';
import { head, lostBanner, tabs, title, toasts, top, tree } from './shell.js';
import { changed, failed, figures, follow, mirrors, onChange, openItem, readItem, state, tick, toast } from './store.js';
import { loadBuiltIn, loadedText } from './tenants.js';
import { timeBar } from './time-bar.js';

/** Milliseconds between two renderings while the clock runs. */
const FRAME = 100;
const FRAME_FAST = 60;

function page() {
  return [
    top(),
    lostBanner(),
    timeBar(),
    h('div', { class: `body ${state.dock ? 'has-dock' : ''}` }, [
      tree(),
      h('main', { id: 'main', tabindex: -1, class: isFlowing() ? 'is-flowing' : '', on: { scroll: changed } }, main()),
      h('aside', { class: 'dock', 'aria-label': 'Details', hidden: !state.dock }, state.dock && dock(state)),
    ]),
    dialogs(),
    toasts(),
  ];
}

function main() {
  if (!state.isLoaded) return h('div', { class: 'empty' }, emptyArt(), h('h1', null, state.lost === null ? 'Reading the tenant' : 'No emulator'));
  const item = openItem();
  if (state.route.item && !item) return gone();
  if (!item && mirrors().length === 0) return empty();
  if (item && state.route.tab === 'definition') return [head(), tabs(), definitionView()];
  if (item && item.status === null) return [head(), tabs(), other(item)];
  return [head(), tabs(), monitor()];
}

function gone() {
  return h('div', { class: 'empty' }, [
    emptyArt(),
    h('h1', null, 'This item does not exist'),
    h('p', null, 'It was deleted, or it belongs to another tenant.'),
    h('a', { class: 'button', href: '#/' }, 'All mirrored databases'),
  ]);
}

function other(item) {
  return h('div', { class: 'empty' }, emptyArt(), h('h2', null, item.type), h('p', null, 'The API serves this item. It has no replication that could be shown.'));
}

/** A button that loads a scenario, and what it contains. A rejection is shown in the dialog, which can reset the tenant first. */
function scenarioEntry({ name, title }) {
  const load = async () => {
    try {
      toast(loadedText(name, await loadBuiltIn(name)));
    } catch (error) {
      failed(error);
      if (!(error instanceof ApiError)) return;
      openDialog('scenario', { name });
      state.dialog.error = error;
    }
  };
  return h('li', { key: name }, h('button', { type: 'button', class: 'button', 'aria-label': `Load ${name}`, on: { click: load } }, name), h('span', null, title));
}

function empty() {
  return h('div', { class: 'empty' }, [
    emptyArt(),
    h('h1', null, 'No mirrored database yet'),
    h('p', null, 'Point a Fabric client here, or begin with a prepared tenant. Whatever a client creates shows up on this page at once.'),
    h('pre', { class: 'code', tabindex: 0 }, `specularite run -- terraform apply\ncurl -H 'Authorization: Bearer x' ${location.origin}/v1/workspaces`),
    state.scenarios.length > 0 && h('h2', null, 'Load a scenario'),
    h('ul', { class: 'scenarios' }, state.scenarios.filter(({ name }) => name !== 'empty').map(scenarioEntry)),
    h('div', { class: 'row-of-buttons' }, h('button', { type: 'button', class: 'button primary', on: { click: () => openDialog('create') } }, 'New mirrored database')),
  ]);
}

function draw() {
  render(document.getElementById('page'), page());
  const rows = document.getElementById('rows');
  if (rows) document.documentElement.style.setProperty('--scrollbar', `${isFlowing() ? 0 : rows.offsetWidth - rows.clientWidth}px`);
  document.title = title();
  document.body.classList.toggle('is-lost', state.lost !== null);
  measureAxis();
  placeMenu();
}

function route() {
  const [, kind, id, tab] = location.hash.split('/');
  if (location.hash === '#main') {
    document.getElementById('main').focus();
    return;
  }
  const item = kind === 'item' ? id : null;
  if (item !== state.route.item) {
    Object.assign(state.grid, { filter: '', group: 'all', sort: { by: 'name', isDescending: false }, selected: null });
    Object.assign(state, { tables: null, figures: { at: null, byKey: new Map() } });
    if (state.dock === 'table') state.dock = null;
  }
  state.route = { item, tab: tab === 'definition' ? 'definition' : 'monitor' };
  state.tree.isOpen = false;
  readItem();
  figures.reset();
  changed();
}

function loop() {
  tick();
  const isMoving = state.clock.isRunning && state.lost === null && !document.hidden;
  if (isMoving) changed();
  setTimeout(loop, state.clock.rate > 1 ? FRAME_FAST : FRAME);
}

onChange(draw);
addEventListener('hashchange', route);
addEventListener('resize', changed);
addEventListener('keydown', onKey);
route();
follow();
resumeStarts();
loop();
