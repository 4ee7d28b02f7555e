// What the dialog that creates a mirrored database reads and does.

import { itemIsListed, startWhenInitialized } from './auto-start.js';
import { BY_ID, NEW, SOURCES, connectionOf, connectionRequest, definitionOf, keyOf, partsOf, requestOf } from './create-request.js';
import { closeDialog } from './dialog.js';
import { afterRendering } from './dom.js';
import { act } from './form.js';
import { isGuid } from './format.js';
import { tableLabel } from './spans.js';
import { changed, failed, openItem, overview, state } from './store.js';

/** Milliseconds without typing after which the definition is checked. */
const PAUSE = 250;

/** Sets the first values, and reads what the form offers. */
export function begin(dialog) {
  Object.assign(dialog, {
    touched: new Set(),
    isTried: false,
    findings: null,
    connections: [],
    offered: [],
    isDeclared: true,
    undeclared: new Set(),
    connectionError: null,
  });
  dialog.values = {
    name: '',
    workspace: undefined,
    workspaceName: 'Analytics',
    type: 'CosmosDb',
    connection: undefined,
    connectionId: '',
    database: '',
    isAllTables: true,
    picked: new Set(),
    find: '',
    added: '',
    schema: 'dbo',
    retention: '',
    isStarted: true,
    newConnection: { name: '' },
    ...dialog.values,
  };
  settle(dialog);
  readConnections(dialog);
}

/** The id of the workspace, or `NEW`. Without a choice it is that of the open item, or the first that can hold items. */
export function workspaceOf({ workspace }) {
  return workspace ?? openItem()?.workspace.id ?? state.workspaces.find(({ capacityId }) => capacityId)?.id ?? NEW;
}

async function readConnections(dialog) {
  try {
    dialog.connections = await state.api.list('/connections');
  } catch (error) {
    failed(error);
    dialog.error = error;
  }
  if (state.dialog !== dialog) return;
  if (!dialog.touched.has('type')) chooseType(dialog);
  // The first connection that fits may be known only now.
  if (dialog.values.connection === NEW || dialog.values.connection === BY_ID) revise({ connection: undefined });
  readSource();
}

/** Chooses a source that one of the connections fits, if the preset one has none. */
function chooseType({ values, connections }) {
  const isFit = (type) => connections.some(({ connectionDetails }) => SOURCES[type].fits.includes(connectionDetails.type));
  if (isFit(values.type)) return;
  const type = ['AzureSqlDatabase', ...Object.keys(SOURCES)].find(isFit);
  if (type) Object.assign(values, { type, schema: SOURCES[type].schema });
}

/** Changes values. `name` is the field that the viewer has changed. */
export function revise(members, name) {
  const { dialog } = state;
  Object.assign(dialog.values, members);
  if (name) dialog.touched.add(name);
  Object.assign(dialog, { error: null, connectionError: null });
  settle(dialog);
  changed();
}

/** Chooses a connection if none is chosen, and derives the request. */
function settle(dialog) {
  const { values, connections } = dialog;
  const source = SOURCES[values.type];
  if (values.connection === undefined) {
    const fit = connections.find(({ connectionDetails }) => source.fits.includes(connectionDetails.type));
    values.connection = fit?.id ?? (source.isConnectionOptional ? '' : source.connection ? NEW : BY_ID);
  }
  const text = JSON.stringify(definitionOf(values), null, 2);
  if (text === dialog.text) return;
  dialog.text = text;
  clearTimeout(dialog.timer);
  dialog.timer = setTimeout(() => checkDefinition(dialog, text), PAUSE);
}

async function checkDefinition(dialog, text) {
  if (state.dialog !== dialog) return;
  try {
    const { findings } = await state.api.control('POST', 'check', { kind: 'MirroredDatabase', definition: partsOf(text) });
    if (text !== dialog.text) return;
    dialog.findings = findings;
  } catch (error) {
    failed(error);
  }
  changed();
}

/**
 * Reads the tables of the chosen source, if the form needs them. A source without a declaration has none that could be offered. No call
 * lists the declared sources, and the browser logs the 404 for the others.
 */
export async function readSource() {
  const { dialog } = state;
  const connection = connectionOf(dialog.values);
  Object.assign(dialog, { offered: [], isDeclared: false });
  const isNeeded = !dialog.values.isAllTables || SOURCES[dialog.values.type].needsDatabase;
  if (!isNeeded || !isGuid(connection) || dialog.undeclared.has(connection)) return changed();
  try {
    const { tables } = await state.api.control('GET', `sources/${connection}`);
    if (state.dialog !== dialog || connection !== connectionOf(dialog.values)) return undefined;
    dialog.isDeclared = true;
    dialog.offered = tables.map(({ schemaName, tableName, rows }) => ({
      key: keyOf(schemaName, tableName),
      schema: schemaName,
      name: tableLabel(schemaName, tableName),
      rows,
    }));
    if (dialog.values.database === '' && SOURCES[dialog.values.type].needsDatabase) revise({ database: tables[0]?.schemaName ?? '' });
  } catch (error) {
    if (error.status === 404) dialog.undeclared.add(connection);
    failed(error);
  }
  return changed();
}

/* ---- Connections ---- */

/** The fields of a new connection: name, label, attributes. */
export function parametersOf(type) {
  const { parameters, credential } = SOURCES[type].connection;
  const secret = { type: 'password', autocomplete: 'off' };
  const credentials = {
    Key: [['key', 'Account key', secret]],
    Basic: [
      ['username', 'User name'],
      ['password', 'Password', secret],
    ],
    Anonymous: [],
  }[credential];
  const examples = { host: 'https://account.documents.azure.com:443/' };
  return [
    ['name', 'Name of the connection', { dir: 'auto' }],
    ...parameters.map(([name, label]) => [name, label, { placeholder: examples[name] }]),
    ...credentials,
  ];
}

export async function createConnection() {
  const { dialog } = state;
  const made = await act(() => state.api.fabric('POST', '/connections', connectionRequest(dialog.values)));
  if (state.dialog !== dialog) return;
  if (!made) {
    // The rejection belongs to the fields of the connection.
    Object.assign(dialog, { connectionError: dialog.error, error: null });
    changed();
    return;
  }
  dialog.connections.push(made);
  revise({ connection: made.id, newConnection: { name: '' } });
  readSource();
  afterRendering(() => document.getElementById('create-connection')?.focus());
}

/* ---- Creating ---- */

export async function create() {
  const { dialog } = state;
  const { values, text } = dialog;
  dialog.isTried = true;
  const made = await act(async () => {
    const workspace = workspaceOf(values);
    // A second attempt does not create a second workspace.
    dialog.isWorkspaceRejected = workspace === NEW;
    values.workspace = workspace === NEW ? await createWorkspace(values.workspaceName) : workspace;
    dialog.isWorkspaceRejected = false;
    return state.api.fabric('POST', `/workspaces/${values.workspace}/mirroredDatabases`, requestOf(values, text));
  });
  if (made === undefined || state.dialog !== dialog) {
    afterRendering(() => document.querySelector('dialog [aria-invalid=true]')?.focus());
    return;
  }
  closeDialog();
  overview.reset();
  overview.refresh({ now: true });
  if (!made?.id) return;
  if (values.isStarted) startWhenInitialized(made.id);
  await itemIsListed(made.id);
  location.hash = `#/item/${made.id}`;
}

async function createWorkspace(displayName) {
  const capacities = await state.api.list('/capacities');
  const capacityId = capacities.find((capacity) => capacity.state === 'Active')?.id;
  const { id } = await state.api.fabric('POST', '/workspaces', { displayName, capacityId });
  overview.refresh({ now: true });
  return id;
}
