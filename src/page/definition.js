// The definition of the open mirrored database: read, checked, changed.

import { operationPath } from './acts.js';
import { ApiError } from './api.js';
import { fromBase64 } from './base64.js';
import { copyCurl } from './copy.js';
import { PART, partsOf } from './create-request.js';
import { curlOf } from './curl.js';
import { h } from './dom.js';
import { editor, goTo } from './editor.js';
import { button, rejection } from './form.js';
import { glyph, icon } from './icons.js';
import { completed } from './operation.js';
import { Resource } from './resource.js';
import { changed, failed, itemsById, onDefinition, openItem, overview, state, toast } from './store.js';

/** Milliseconds without typing after which the definition is checked. */
const PAUSE = 250;
const INPUT = 'definition-text';
/** Statuses in which the connection, the database and the default schema may change. */
const AT_REST = ['Initialized', 'Stopped'];

/** The tab Definition. It reads the definition when it is shown, and keeps a text that was changed. */
export function definitionView() {
  const item = openItem();
  const shown = state.definition?.item === item.id ? state.definition : null;
  return h('div', { key: `definition-${item.id}`, class: 'definition-view', mount: () => open(item) }, [
    h('h2', { class: 'hidden-text' }, 'Definition'),
    shown?.text === undefined ? waiting(shown) : [content(item, shown), acts(item, shown)],
  ]);
}

function waiting(shown) {
  const reading = () => h('p', null, 'Reading the definition…', shown?.isRunning && ` ${running()}`);
  return h('div', { key: 'waiting', class: 'empty' }, shown?.error ? rejection(shown.error) : reading());
}

const running = () => `The API answered 202: its operation is running. ${state.clock.isRunning ? '' : 'It ends when the clock has moved.'}`;

function content(item, shown) {
  const { text, findings } = shown;
  const props = {
    id: INPUT,
    'aria-label': PART,
    'aria-describedby': 'definition-answer definition-findings',
    'aria-invalid': findings.length > 0 ? 'true' : null,
  };
  return h('div', { key: 'content', class: 'definition' }, [
    editor({ text, findings, props, change: edited }),
    h('div', { class: 'definition-side' }, [
      h(
        'section',
        { class: 'section' },
        h('h3', null, 'What the API would answer'),
        h('div', { id: 'definition-answer', role: 'status' }, answer(item, shown)),
      ),
      h(
        'ul',
        { id: 'definition-findings', class: 'findings' },
        findings.map((finding) => findingOf(finding, text)),
        findings.length === 0 && hint(shown),
      ),
      shown.error && h('section', { class: 'section' }, h('h3', null, 'What it answered'), rejection(shown.error)),
      h('section', { class: 'section' }, h('h3', null, 'What may change'), rules()),
    ]),
  ]);
}

const rules = () =>
  h('dl', { class: 'facts' }, [
    h('dt', { class: 'mono' }, 'mountedTables'),
    h('dd', null, 'at any time'),
    h('dt', { class: 'mono' }, 'retentionInDays'),
    h('dd', null, 'at any time'),
    h('dt', { class: 'mono' }, 'connection, database, defaultSchema'),
    h('dd', null, 'only in Initialized or Stopped'),
    h('dt', { class: 'mono' }, 'source.type'),
    h('dd', null, 'never: create another mirrored database'),
  ]);

function acts(item, shown) {
  return h('div', { key: 'acts', class: 'definition-acts' }, [
    notice(item, shown),
    button('Update definition', () => update(item), { class: 'button primary', disabled: !isEdited(shown) || shown.isBusy }),
    button('Format', format),
    button('Revert', () => read(item)),
    h('span', { class: 'grow' }),
    button('Copy as curl', () =>
      copyCurl(curlOf('POST', `/v1${operationPath(item, 'updateDefinition')}`, { definition: partsOf(shown.text) })),
    ),
  ]);
}

const isEdited = (shown) => shown != null && shown.text !== shown.original;

/** What has happened to the definition besides what the viewer types: another client has changed it, or an operation changes it. */
function notice(item, shown) {
  if (shown.isRunning) return h('div', { key: 'notice', class: 'definition-notice', role: 'status' }, h('p', null, running()));
  if (shown.newer == null) return null;
  const rest = isEdited(shown) ? ' Reload drops your edits. Update definition replaces the other change.' : '';
  return h('div', { key: 'notice', class: 'definition-notice', role: 'alert' }, [
    h('p', null, h('b', null, 'Another client changed the definition.'), rest),
    button('Reload', () => read(item)),
    isEdited(shown) && button('Keep my edits', keepEdits),
  ]);
}

/* ---- What the API would answer ---- */

function answer(item, shown) {
  if (shown.isUnchecked) return h('p', { class: 'dim' }, 'Checking…');
  const code = expectedCode(item, shown);
  if (code === null)
    return h(
      'p',
      null,
      h('b', { class: 'tone-good' }, state.settings?.behaviours.updateDefinition ?? '200'),
      isEdited(shown) ? (isOperation() ? ' and an operation that updates the definition' : ' with an empty body') : ' and nothing would change',
    );
  const reason =
    code === 'OperationNotAllowedInCurrentStatus' &&
    h('p', { class: 'second' }, `The connection, the database and the default schema cannot change while the status is ${item.status}.`);
  const other =
    code === 'InvalidDefinitionParts' && shown.findings.length === 0 && h('p', { class: 'second' }, 'The source type cannot change.');
  return [h('p', null, h('b', { class: 'tone-bad' }, '400 '), h('span', { class: 'mono' }, code)), reason, other];
}

const isOperation = () => state.settings?.behaviours.updateDefinition === '202';

/** The code of the error that an update would get: by the findings in the text, else by what it would change. */
function expectedCode(item, { findings, parsed, parsedOriginal }) {
  if (findings.length > 0) return findings[0].message.startsWith('the payload is not JSON') ? 'CorruptedPayload' : 'InvalidDefinitionParts';
  const [after, before] = [placeOf(parsed), placeOf(parsedOriginal)];
  if (!after || !before) return null;
  // A database that was created without a definition takes one when it is Initialized.
  if (before.type === undefined) return item.status === 'Initializing' ? 'MirroredDatabaseNotReady' : null;
  if (after.type !== before.type) return 'InvalidDefinitionParts';
  const isMoved = after.connection !== before.connection || after.database !== before.database || after.schema !== before.schema;
  return isMoved && !AT_REST.includes(item.status) ? 'OperationNotAllowedInCurrentStatus' : null;
}

/** The members that cannot change at any time. */
function placeOf(parsed) {
  const { source, target } = parsed?.properties ?? {};
  if (!source) return null;
  const { connection, database } = source.typeProperties ?? {};
  return {
    type: source.type,
    connection: connection?.toLowerCase() ?? null,
    database: database ?? null,
    schema: target?.typeProperties?.defaultSchema ?? null,
  };
}

function findingOf({ line, column, message }, text) {
  const show = () => goTo(document.getElementById(INPUT), text, { line, column });
  return h(
    'li',
    null,
    h('span', { class: 'tone-bad' }, glyph('diamond')),
    h('div', null, h('p', { dir: 'auto' }, message), line !== null && button(`line ${line}, column ${column}`, show, { class: 'link' })),
  );
}

/** What `mountedTables` means for the tables, where this is easily overlooked. */
function hint({ parsed, isUnchecked }) {
  if (isUnchecked || !parsed?.properties) return null;
  const tables = parsed.properties.mountedTables;
  const text =
    tables == null
      ? 'Without mountedTables: all tables, also those that are created later.'
      : tables.length === 0 && 'mountedTables is empty: no table is mirrored.';
  return text && h('li', null, h('span', { class: 'tone-muted' }, icon('help')), h('div', null, h('p', null, text)));
}

/* ---- Acts ---- */

/** Edits of other items than the open one, by item. */
const drafts = new Map();

/** Called when the tab is shown. A text that was changed stays, also while another item was open. */
function open(item) {
  const { definition } = state;
  if (definition?.item !== item.id) {
    if (isEdited(definition)) drafts.set(definition.item, definition);
    state.definition = drafts.get(item.id) ?? null;
    drafts.delete(item.id);
  }
  if (!isEdited(state.definition)) return read(item);
  served.reset();
  served.refresh();
  return changed();
}

async function read(item) {
  const shown = { item: item.id, text: undefined, original: undefined, findings: [], error: null };
  state.definition = state.definition?.item === item.id ? Object.assign(state.definition, { error: null }) : shown;
  const target = state.definition;
  served.reset();
  changed();
  try {
    const text = await servedText(target);
    if (state.definition !== target) return;
    Object.assign(target, { original: text, served: text, newer: null, parsedOriginal: parsedOf(text) });
    revise(text);
  } catch (error) {
    failed(error);
    target.error = error;
  }
  changed();
}

/** The definition as the API serves it. `isRunning` says that an operation delivers it. */
async function servedText(target) {
  const started = () => {
    target.isRunning = target.text === undefined;
    changed();
  };
  try {
    const { definition } = await completed('POST', operationPath(itemsById().get(target.item), 'getDefinition'), undefined, { started, hasResult: true });
    const part = definition.parts.find((each) => each.path === PART);
    // A text field has line feeds only.
    return part ? fromBase64(part.payload).replaceAll('\r\n', '\n') : '';
  } finally {
    target.isRunning = false;
  }
}

/** The definition that the API serves meanwhile, to compare it with the one that was read. */
const served = new Resource(
  async () => ({ target: state.definition, text: await servedText(state.definition) }),
  ({ target, text }) => {
    if (state.definition !== target || target.isBusy) return;
    target.served ??= text;
    target.newer = text === target.served ? null : text;
    changed();
  },
  failed,
);

onDefinition((id) => {
  const { definition } = state;
  const isShown = definition?.item === id && definition.text !== undefined && !definition.isBusy;
  if (isShown && itemsById().has(id)) served.refresh({ now: true });
});

/** Keeps the edits as changes of the definition that is served now. */
function keepEdits() {
  const { definition } = state;
  const { newer } = definition;
  Object.assign(definition, { original: newer, served: newer, newer: null, parsedOriginal: parsedOf(newer) });
  changed();
}

function parsedOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Takes over a text, and has it checked after a pause. */
function revise(text) {
  const { definition } = state;
  clearTimeout(definition.timer);
  Object.assign(definition, { text, isUnchecked: true, timer: setTimeout(() => checkText(definition, text), PAUSE) });
  changed();
}

function edited(text) {
  // The rejection was about another text.
  state.definition.error = null;
  revise(text);
}

async function checkText(definition, text) {
  try {
    const { findings } = await state.api.control('POST', 'check', { kind: 'MirroredDatabase', definition: partsOf(text) });
    if (definition.text !== text) return;
    Object.assign(definition, { findings, parsed: parsedOf(text), isUnchecked: false });
  } catch (error) {
    failed(error);
  }
  changed();
}

async function update(item) {
  const { definition } = state;
  const { text } = definition;
  const started = () => {
    definition.isRunning = true;
    changed();
  };
  Object.assign(definition, { isBusy: true, error: null });
  served.reset();
  changed();
  try {
    await completed('POST', operationPath(item, 'updateDefinition'), { definition: partsOf(text) }, { started });
    // The API formats the definition anew. The next reading is what later ones are compared with.
    Object.assign(definition, { original: text, parsedOriginal: parsedOf(text), served: null, newer: null });
    toast('The definition is updated');
    overview.refresh({ now: true });
  } catch (error) {
    failed(error);
    if (error instanceof ApiError) definition.error = error;
    if (definition.isRunning) toast(`The definition of ${item.displayName} is not updated: ${error.code || error.message}`);
  }
  Object.assign(definition, { isBusy: false, isRunning: false });
  served.reset();
  if (state.definition === definition) served.refresh({ now: true });
  changed();
}

function format() {
  const parsed = parsedOf(state.definition.text);
  if (parsed === null) toast('The text is not JSON. It cannot be formatted.');
  else revise(JSON.stringify(parsed, null, 2));
}
