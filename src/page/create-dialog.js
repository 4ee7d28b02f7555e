// The dialog that creates a mirrored database.

import { begin, create, createConnection, parametersOf, readSource, revise, workspaceOf } from './create-acts.js';
import { BY_ID, NEW, SOURCES, labelled, nameMessage, nameFinding, requestOf, sortFindings } from './create-request.js';
import { copyCurl } from './copy.js';
import { tablesField } from './create-tables.js';
import { curlOf } from './curl.js';
import { closeDialog } from './dialog.js';
import { h } from './dom.js';
import { button, check, field, input, messageOf, rejection, select } from './form.js';
import { highlighted } from './json-text.js';
import { SOURCE_TYPES } from './portal.js';
import { state } from './store.js';

const FORM = 'create-form';
/** Lines of a long request that are shown. */
const LINES_MAX = 300;

export const createDialog = { begin, view, isSmall: false };

function view(dialog) {
  const { values } = dialog;
  const messages = shownMessages(dialog);
  const submit = (event) => {
    event.preventDefault();
    create();
  };
  const source = SOURCES[values.type];
  return {
    title: 'New mirrored database',
    body: h('form', { id: FORM, class: 'split', novalidate: true, on: { submit } }, [
      h('div', { class: 'form' }, [
        h('div', { class: 'fields-two' }, nameField(dialog), workspaceField(values)),
        workspaceOf(values) === NEW && newWorkspaceField(dialog),
        h('div', { class: 'fields-two' }, typeField(values), source.isOpen ? noConnection() : connectionField(dialog, messages)),
        values.connection === BY_ID && !source.isOpen && connectionIdField(values, messages),
        values.connection === NEW && source.connection && newConnection(dialog),
        source.needsDatabase && databaseField(values, messages),
        !source.isOpen && tablesField(dialog, messages.tables),
        h('div', { class: 'fields-two' }, schemaField(values, messages), retentionField(values, messages)),
        check({ checked: values.isStarted }, (isStarted) => revise({ isStarted }), 'Start when it is Initialized'),
      ]),
      request(dialog),
    ]),
    footer: [
      h('span', { class: 'grow' }),
      button('Cancel', closeDialog),
      h('button', { type: 'submit', form: FORM, class: 'button primary', disabled: dialog.isBusy }, 'Create'),
    ],
  };
}

/** The messages that are shown at fields: those of fields that were changed, and all of them after an attempt. */
function shownMessages(dialog) {
  const sorted = sortFindings(dialog.findings ?? []);
  const isShown = (name) => dialog.isTried || dialog.touched.has(name);
  return Object.fromEntries(Object.entries(sorted).filter(([name]) => isShown(name)));
}

/* ---- Fields ---- */

const text = (values, name, props = {}) =>
  input({ value: values[name], on: { input: (event) => revise({ [name]: event.target.value }) }, ...props });

function nameField(dialog) {
  const { values } = dialog;
  const isShown = dialog.isTried || dialog.touched.has('name');
  const message = itemNameMessage(dialog) ?? (isShown ? findingOfName(values)?.message : null);
  const on = { input: (event) => revise({ name: event.target.value }, 'name') };
  return field({ id: 'create-name', label: 'Name', message: labelled(message, 'Name') }, text(values, 'name', { autofocus: true, dir: 'auto', on }));
}

/** The reason for which the API would reject the name. The API checks a name only when it creates the item. */
function findingOfName(values) {
  const workspace = state.workspaces.find(({ id }) => id === workspaceOf(values));
  const taken = (workspace?.items ?? []).filter(({ type }) => type === 'MirroredDatabase').map(({ displayName }) => displayName);
  return nameFinding(values.name, taken);
}

/** The message of a rejection about the name of the database. A rejection of the workspace is about that of the workspace. */
const itemNameMessage = ({ error, isWorkspaceRejected }) => (isWorkspaceRejected ? null : nameMessage(error));

function workspaceField(values) {
  const options = state.workspaces.map(({ id, displayName, capacityId }) => [
    id,
    capacityId ? displayName : `${displayName} (without capacity)`,
  ]);
  return field(
    { id: 'create-workspace', label: 'Workspace' },
    select(workspaceOf(values), [...options, [NEW, 'New workspace…']], (chosen) => revise({ workspace: chosen })),
  );
}

function newWorkspaceField({ values, error, isWorkspaceRejected }) {
  const label = 'Name of the new workspace';
  const message = isWorkspaceRejected ? labelled(nameMessage(error), label) : null;
  return field({ id: 'create-new-workspace', label, message, hint: 'It gets the first active capacity.' }, text(values, 'workspaceName', { dir: 'auto' }));
}

const typeField = ({ type }) =>
  field(
    { id: 'create-type', label: 'Source' },
    select(type, Object.entries(SOURCE_TYPES), (chosen) => {
      revise({ type: chosen, schema: SOURCES[chosen].schema, connection: undefined, picked: new Set() }, 'type');
      readSource();
    }),
  );

const noConnection = () =>
  h(
    'div',
    { class: 'field' },
    h('span', { class: 'label' }, 'Connection'),
    h('span', { class: 'hint' }, 'Open mirroring has none: files arrive in OneLake.'),
  );

function connectionField({ values, connections }, messages) {
  const source = SOURCES[values.type];
  const fits = ({ connectionDetails }) => source.fits.length === 0 || source.fits.includes(connectionDetails.type);
  const named = (list) =>
    list.map((each) => [each.id, `${each.displayName} (${each.credentialDetails?.credentialType ?? each.connectionDetails.type})`]);
  const others = connections.filter((each) => !fits(each));
  const options = [
    source.isConnectionOptional && ['', 'None'],
    ...named(connections.filter(fits)),
    source.connection && [NEW, 'New connection…'],
    [BY_ID, 'By id…'],
    { label: 'Of another type: the start fails', options: named(others) },
  ].filter(Boolean);
  const change = (connection) => {
    revise({ connection, picked: new Set() }, 'connection');
    readSource();
  };
  const message = values.connection === BY_ID || values.connection === NEW ? null : messages.connection;
  return field({ id: 'create-connection', label: 'Connection', message }, select(values.connection, options, change));
}

const connectionIdField = (values, messages) =>
  field(
    {
      id: 'create-connection-id',
      label: 'Id of the connection',
      message: messages.connection,
      hint: 'An id that does not exist is accepted. The start then falls back to Initialized with an error.',
    },
    text(values, 'connectionId', {
      class: 'input mono',
      placeholder: '00000000-0000-0000-0000-000000000000',
      on: {
        input: (event) => revise({ connectionId: event.target.value }, 'connection'),
        change: readSource,
      },
    }),
  );

function newConnection({ values, connectionError }) {
  const messageFor = (name, label) => (name === 'name' ? labelled(nameMessage(connectionError), label) : null);
  const change = (name) => (event) => revise({ newConnection: { ...values.newConnection, [name]: event.target.value } });
  const part = ([name, label, props = {}]) =>
    field(
      { id: `create-connection-${name}`, label, message: messageFor(name, label) },
      input({ value: values.newConnection[name] ?? '', on: { input: change(name) }, ...props }),
    );
  return h('fieldset', { class: 'form' }, [
    h('legend', null, 'New connection'),
    h('div', { class: 'fields-two' }, parametersOf(values.type).map(part)),
    h(
      'div',
      { class: 'row-of-buttons' },
      button('Create connection', createConnection),
      h('span', { class: 'hint' }, 'The emulator checks the form of the credentials, and stores none.'),
    ),
    rejection(connectionError),
  ]);
}

const databaseField = (values, messages) =>
  field(
    { id: 'create-database', label: 'Database at the source', message: messages.database },
    text(values, 'database', { on: { input: (event) => revise({ database: event.target.value }, 'database') } }),
  );

const schemaField = (values, messages) =>
  field(
    { id: 'create-schema', label: 'Default schema', message: messages.schema },
    text(values, 'schema', { placeholder: 'none', on: { input: (event) => revise({ schema: event.target.value }, 'schema') } }),
  );

const retentionField = (values, messages) =>
  field(
    { id: 'create-retention', label: 'Retention, days', message: messages.retention },
    text(values, 'retention', {
      type: 'number',
      placeholder: 'not given',
      on: { input: (event) => revise({ retention: event.target.value }, 'retention') },
    }),
  );

/* ---- The request ---- */

function request(dialog) {
  const { values, text: definition } = dialog;
  const chosen = workspaceOf(values);
  const workspace = chosen === NEW ? 'WORKSPACE_ID' : chosen;
  const path = `/v1/workspaces/${workspace}/mirroredDatabases`;
  const lines = definition.split('\n');
  const rest = lines.length - LINES_MAX;
  return h('div', { class: 'request' }, [
    h(
      'div',
      { class: 'row-of-buttons' },
      h('b', { class: 'second' }, 'mirroring.json'),
      h('span', { class: 'grow' }),
      button('Copy request as curl', () => copyCurl(curlOf('POST', path, requestOf(values, definition))), {
        class: 'link',
      }),
    ),
    h(
      'pre',
      { class: 'code', tabindex: 0, dir: 'ltr', 'aria-label': 'mirroring.json' },
      lines.slice(0, LINES_MAX).map((line) => [highlighted(line), '\n']),
      rest > 0 && `… and ${rest} more lines`,
    ),
    h('div', { role: 'status' }, verdict(dialog)),
    rejection(dialog.error),
  ]);
}

/** What the API would answer. What it did answer is shown beneath. */
function verdict({ values, findings, error }) {
  if (error) return null;
  if (findings === null) return h('p', { class: 'dim' }, 'Checking…');
  if (values.name === '') {
    const rest = findings.length > 0 ? rejected(findings) : h('p', { class: 'dim' }, 'No error found in the definition');
    return [h('p', null, 'Enter a name.'), rest];
  }
  const name = findingOfName(values);
  // The API compares a name with those of other items only after it has checked the definition.
  if (name && (name.status === 400 || findings.length === 0)) return [expected(name.status, name.code), h('p', { class: 'second', dir: 'auto' }, name.message)];
  if (findings.length > 0) return rejected(findings);
  return h('p', null, h('b', { class: 'tone-good' }, 'No error found '), h('span', { class: 'dim' }, 'in the name and the definition'));
}

const rejected = (findings) => [
  expected(400, 'InvalidDefinitionParts'),
  h(
    'ul',
    { class: 'findings' },
    findings.map(({ message }, index) => h('li', null, messageOf(`create-finding-${index}`, message))),
  ),
];

const expected = (status, code) => h('p', null, h('b', { class: 'tone-bad' }, `${status} `), h('span', { class: 'mono' }, code));
