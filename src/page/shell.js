// The frame of the page: the top bar, the tree of workspaces and items, the head of the view, and the messages.

import { actButton, mirroringAct } from './acts.js';
import { startFact } from './auto-start.js';
import { h } from './dom.js';
import { openDialog } from './dialog.js';
import { toggleDock } from './dock.js';
import { count, number, time } from './format.js';
import { glyph, icon, status } from './icons.js';
import { menu, menuButton } from './menu.js';
import { moreMenu, tenantMenu } from './menus.js';
import { SOURCE_TYPES, databaseStatus } from './portal.js';
import { allRows, databaseRow } from './rows.js';
import { openItem, reconnect, set, shownInstant, state } from './store.js';
import { shownTenantName } from './tenants.js';
import { troubleMenu } from './trouble-form.js';
import { unended, unendedCount } from './troubles.js';

/* ---- Top ---- */

export function top() {
  const item = openItem();
  const treeButton = {
    type: 'button', class: 'button quiet icon-only tree-button', 'aria-label': 'Workspaces and items',
    'aria-expanded': String(state.tree.isOpen), 'aria-controls': 'tree',
    on: { click: toggleTree },
  };
  return h('header', { class: 'top' }, [
    h('button', treeButton, icon('menu')),
    h('a', { class: 'brand', href: '#/', 'aria-label': 'Specularite: all mirrored databases' }, brand(), h('span', null, 'Specularite')),
    h('nav', { class: 'crumbs', 'aria-label': 'Place' }, crumbs(item)),
    h('span', { class: 'grow' }),
    h('span', { class: `address ${state.lost === null ? '' : 'is-lost'}` }, h('i'), h('span', null, location.host)),
    dockButton('journal', 'list', 'Journal'),
    dockButton('trouble', 'bolt', 'Trouble', unendedCount(unended())),
    h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Light or dark', on: { click: toggleTheme } }, icon('theme')),
    h('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': 'Keys and help', on: { click: () => openDialog('keys') } }, icon('help')),
  ]);
}

const brand = () =>
  h('svg', { class: 'brand-mark', viewBox: '0 0 20 20', 'aria-hidden': 'true' }, [
    h('path', { class: 'brand-body', d: 'M10 1l8 4.5v9L10 19l-8-4.5v-9z' }),
    h('path', { class: 'brand-face', d: 'M10 1l8 4.5L2 14.5v-9z' }),
    h('path', { class: 'brand-edge', d: 'M2 14.5L18 5.5' }),
  ]);

function crumbs(item) {
  const name = shownTenantName();
  return [
    menuButton('tenant', { class: 'button quiet crumb-tenant', 'aria-label': `Tenant: ${name}` }, h('span', { dir: 'auto' }, name), icon('down')),
    menu('tenant', 'Tenant', tenantMenu),
    item && [
      h('span', { key: 'separator-workspace', class: 'separator', 'aria-hidden': 'true' }, '/'),
      h('a', { key: 'workspace', class: 'button quiet crumb-workspace', href: '#/' }, h('span', { dir: 'auto' }, item.workspace.displayName)),
      h('span', { key: 'separator-item', class: 'separator', 'aria-hidden': 'true' }, '/'),
      h('span', { key: 'item', class: 'crumb-item' }, h('span', { dir: 'auto' }, item.displayName)),
    ],
  ];
}

/** A button of a pane. The place of its badge is reserved. A button without `unended` has none. */
function dockButton(tab, picture, label, unended = null) {
  const isEmpty = unended?.total === 0;
  const title = unended?.words ? `In the tenant: ${unended.words}` : null;
  const props = { type: 'button', class: 'button quiet', id: `button-${tab}`, 'aria-pressed': String(state.dock === tab), title };
  return h('button', { ...props, on: { click: () => toggleDock(tab) } }, [
    icon(picture), h('span', { class: 'button-label' }, label), unended && h('span', { class: `badge ${isEmpty ? 'is-empty' : ''}` }, !isEmpty && number(unended.total)),
  ]);
}

function toggleTheme() {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.theme === 'dark' ? 'light' : 'dark';
  localStorage.setItem('theme', dataset.theme);
}

/* ---- The emulator does not answer ---- */

export function lostBanner() {
  if (state.lost === null) return null;
  return h('div', { key: 'lost', class: 'lost', role: 'alert' }, [
    h('span', { class: 'tone-bad' }, glyph('diamond')),
    h('p', null, [
      h('b', null, 'The emulator does not answer. '),
      state.isLoaded && `This is its last known state, of ${time(state.lost)}. `,
      'Trying again every second.',
    ]),
    h('button', { type: 'button', class: 'button', on: { click: reconnect } }, 'Try now'),
  ]);
}

/* ---- Tree ---- */

function toggleTree() {
  set('tree', { isOpen: !state.tree.isOpen });
  if (state.tree.isOpen) requestAnimationFrame(() => document.getElementById('find')?.focus());
}

export function tree() {
  const text = state.tree.filter.trim().toLowerCase();
  const isFound = (item) => item.displayName.toLowerCase().includes(text);
  const find = (event) => set('tree', { filter: event.target.value });
  return h('nav', { id: 'tree', class: `tree ${state.tree.isOpen ? 'is-open' : ''}`, 'aria-label': 'Workspaces and items' }, [
    h('input', { id: 'find', class: 'input', type: 'search', placeholder: 'Find an item', 'aria-label': 'Find an item', value: state.tree.filter, on: { input: find } }),
    h('button', { type: 'button', class: 'button', on: { click: () => openDialog('create') } }, icon('add'), 'New mirrored database'),
    h('div', { class: 'tree-items' }, [
      h('a', { class: 'tree-item', href: '#/', 'aria-current': state.route.item === null ? 'page' : null }, icon('list'), h('span', null, 'All mirrored databases')),
      !state.isLoaded && h('p', { class: 'tree-empty' }, 'Reading the workspaces'),
      state.workspaces.map((workspace) => treeGroup(workspace, withParents(workspace.items).filter(({ item }) => isFound(item)))),
    ]),
    h('p', { class: 'tree-foot' }, state.axis.look !== null && 'The statuses in this list are those of now.'),
  ]);
}

function treeGroup(workspace, items) {
  const { capacity } = workspace;
  const beside = capacity ? `${capacity.sku}${capacity.state === 'Active' ? '' : ` ${capacity.state.toLowerCase()}`}` : '';
  return h('section', { key: workspace.id, 'aria-label': workspace.displayName }, [
    h('h2', { class: 'tree-group' }, h('span', { dir: 'auto' }, workspace.displayName), h('small', null, beside)),
    items.map(treeItem),
    items.length === 0 && h('p', { class: 'tree-empty' }, workspace.items.length === 0 ? 'No items yet' : 'None matches'),
  ]);
}

/** The kinds of items whose children have their names: the child, the kinds of the parent, and how the child is called beneath it. */
const CHILDREN = {
  SQLEndpoint: {
    parents: ['MirroredDatabase', 'Lakehouse', 'SQLDatabase', 'CosmosDBDatabase', 'SnowflakeDatabase', 'MirroredCatalog', 'MirroredAzureDatabricksCatalog'],
    label: 'SQL analytics endpoint',
  },
  KQLDatabase: { parents: ['Eventhouse'], label: 'KQL database' },
};

/** Items, each child after its parent. The API does not tell the parent of an item: a child has the name of its parent. */
function withParents(items) {
  // A parent is taken from its list by its child. No kind of parent has two children.
  const free = Map.groupBy(items.filter(({ type }) => !(type in CHILDREN)), ({ type, displayName }) => `${type}/${displayName}`);
  const children = new Map();
  const tops = [];
  for (const item of items) {
    const kind = CHILDREN[item.type]?.parents.find((type) => free.get(`${type}/${item.displayName}`)?.length > 0);
    if (kind) children.set(free.get(`${kind}/${item.displayName}`).shift(), item);
    else tops.push(item);
  }
  return tops.flatMap((item) => [{ item }, ...(children.has(item) ? [{ item: children.get(item), parent: item }] : [])]);
}

function treeItem({ item, parent }) {
  const isCurrent = state.route.item === item.id;
  const props = { key: item.id, class: `tree-item ${parent ? 'is-child' : ''}`, href: `#/item/${item.id}`, 'aria-current': isCurrent ? 'page' : null };
  const name = parent
    ? h('span', { title: item.displayName }, CHILDREN[item.type].label, h('span', { class: 'hidden-text', dir: 'auto' }, ` of ${parent.displayName}`))
    : h('span', { dir: 'auto', title: item.displayName }, item.displayName);
  if (item.status === null) return h('a', props, [h('span', { class: 'tone-muted' }, glyph('ring')), name, !parent && h('small', null, item.type)]);
  const shown = databaseStatus(item.status, item.error, item.tablesInError);
  const tables = Object.values(item.tables).reduce((sum, value) => sum + value, 0);
  return h('a', props, [
    h('span', { class: `tone-${shown.tone}`, title: shown.word }, glyph(shown.glyph), h('span', { class: 'hidden-text' }, shown.word)),
    name,
    h('small', null, item.type === 'MirroredDatabase' ? tables > 0 && number(tables) : item.type),
  ]);
}

/* ---- Head of a view ---- */

export function head() {
  const item = openItem();
  return item ? itemHead(item) : allHead();
}

function allHead() {
  return h('div', { class: 'head' }, [
    h('div', { class: 'head-title' }, [
      h('h1', null, 'Mirrored databases'),
      h('div', { class: 'head-facts' }, [
        h('span', null, count(allRows().length, 'mirrored database')),
        h('span', null, count(state.workspaces.length, 'workspace')),
      ]),
    ]),
    h('div', { class: 'head-acts' }, [
      troubleButton(),
      h('button', { type: 'button', class: 'button primary', on: { click: () => openDialog('create') } }, icon('add'), 'New mirrored database'),
    ]),
  ]);
}

function itemHead(item) {
  const row = item.status !== null && databaseRow(item, shownInstant());
  const { source } = item;
  const act = mirroringAct(item);
  return h('div', { class: 'head' }, [
    h('div', { class: 'head-title' }, [
      h('h1', { dir: 'auto' }, item.displayName),
      h('div', { class: 'head-facts' }, [
        row ? status(row.shown) : item.status !== null && h('span', { class: 'dim' }, 'does not exist at this time'),
        row && h('span', { class: 'mono dim' }, `"status": "${row.status}"`),
        startFact(item),
        h('span', null, source ? (SOURCE_TYPES[source.type] ?? source.type) : item.type),
        source?.connectionId && h('span', { dir: 'auto' }, [source.connection ?? 'unknown connection', source.database].filter(Boolean).join(' / ')),
      ]),
    ]),
    h('div', { class: 'head-acts' }, [
      act && actButton(act),
      troubleButton(),
      menuButton('more', { class: 'button icon-only', 'aria-label': 'More' }, icon('more')),
      menu('more', 'More', moreMenu),
    ]),
  ]);
}

const troubleButton = () => [menuButton('trouble', { class: 'button' }, icon('bolt'), 'Add trouble'), menu('trouble', 'Add trouble', troubleMenu)];

export function tabs() {
  const item = openItem();
  if (item?.type !== 'MirroredDatabase') return h('div', { class: 'tabs' });
  const tab = (name, label, href) => h('a', { href, 'aria-current': state.route.tab === name ? 'page' : null }, label);
  return h('nav', { class: 'tabs', 'aria-label': 'Views of this item' }, [
    tab('monitor', 'Monitor replication', `#/item/${item.id}`),
    tab('definition', 'Definition', `#/item/${item.id}/definition`),
  ]);
}

export const toasts = () =>
  h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' }, state.toasts.map((toast) => h('div', { class: 'toast', dir: 'auto' }, toast.text)));

export const title = () => [openItem()?.displayName, 'Specularite'].filter(Boolean).join(' · ');
