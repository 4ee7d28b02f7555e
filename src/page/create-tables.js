// The choice of tables in the dialog that creates a mirrored database.

import { readSource, revise } from './create-acts.js';
import { keyOf } from './create-request.js';
import { h } from './dom.js';
import { button, check, input, messageOf } from './form.js';
import { count, number } from './format.js';
import { changed } from './store.js';

/** Tables that the list shows at once. */
const SHOWN_MAX = 200;

export function tablesField(dialog, message) {
  const { values } = dialog;
  const isCosmos = values.type === 'CosmosDb';
  const radio = (isAllTables, label) =>
    check({ type: 'radio', name: 'tables', checked: values.isAllTables === isAllTables }, () => choose(isAllTables), label);
  const choose = (isAllTables) => {
    revise({ isAllTables }, 'tables');
    readSource();
  };
  return h('fieldset', { class: 'form', 'aria-describedby': message ? 'create-tables-message' : null }, [
    h('legend', null, isCosmos ? 'Containers' : 'Tables'),
    radio(true, 'All, and those that are created later'),
    radio(false, values.picked.size > 0 && !values.isAllTables ? `Only these: ${number(values.picked.size)}` : 'Only these'),
    messageOf('create-tables-message', message),
    !values.isAllTables && [offers(dialog), addition(dialog)],
  ]);
}

function offers({ values, offered, isDeclared }) {
  const text = values.find.trim().toLowerCase();
  const inDatabase = (table) => values.type !== 'CosmosDb' || table.schema === values.database;
  const known = offered.filter(inDatabase);
  const keys = new Set(known.map(({ key }) => key));
  const own = [...values.picked].filter((key) => !keys.has(key)).map((key) => ({ key, name: JSON.parse(key).filter(Boolean).join('.') }));
  const all = [...own, ...known];
  const found = text ? all.filter(({ name }) => name.toLowerCase().includes(text)) : all;
  if (all.length === 0)
    return h(
      'p',
      { class: 'hint' },
      isDeclared
        ? 'The source declares no table here. Add tables by name.'
        : 'Nothing is declared about this source: it has the tables that you name here.',
    );
  return [
    all.length > 12 &&
      input({
        type: 'search',
        value: values.find,
        'aria-label': 'Find a table',
        placeholder: 'Find a table',
        on: { input: (event) => revise({ find: event.target.value }) },
      })({}),
    h(
      'div',
      { class: 'pick', role: 'group', 'aria-label': 'Tables', tabindex: found.length > 6 ? 0 : null },
      found.slice(0, SHOWN_MAX).map((table) => offer(table, values)),
    ),
    found.length > SHOWN_MAX &&
      h('p', { class: 'hint' }, `${number(SHOWN_MAX)} of ${count(found.length, 'table')} are shown. Find the others by name.`),
    h('div', { class: 'row-of-buttons' }, [
      button(text ? 'Choose all found' : 'Choose all', () =>
        revise({ picked: new Set([...values.picked, ...found.map(({ key }) => key)]) }, 'tables'),
      ),
      button('Choose none', () => revise({ picked: new Set() }, 'tables')),
    ]),
  ];
}

function offer({ key, name, rows }, values) {
  const change = (event) => {
    const chosen = new Set(values.picked);
    if (event.target.checked) chosen.add(key);
    else chosen.delete(key);
    revise({ picked: chosen }, 'tables');
  };
  return h('label', { key, class: 'check' }, [
    h('input', { type: 'checkbox', checked: values.picked.has(key), on: { change } }),
    h('span', { dir: 'auto' }, name),
    rows !== undefined && h('small', null, count(rows, 'row')),
  ]);
}

function addition(dialog) {
  const { values } = dialog;
  const isCosmos = values.type === 'CosmosDb';
  const example = isCosmos ? 'container' : 'schema.table';
  const add = () => {
    const key = tableOf(values);
    if (!key) {
      dialog.addMessage = `Write it as ${example}.`;
      changed();
      return;
    }
    dialog.addMessage = null;
    revise({ picked: new Set([...values.picked, key]), added: '' }, 'tables');
  };
  // Enter adds the table. It does not send the form.
  const keydown = (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    add();
  };
  const tied = {
    id: 'create-add',
    'aria-invalid': dialog.addMessage ? 'true' : null,
    'aria-describedby': dialog.addMessage ? 'create-add-message' : null,
  };
  return h('div', { class: 'field' }, [
    h('label', { for: 'create-add' }, isCosmos ? 'Another container' : 'Another table'),
    h(
      'div',
      { class: 'row-of-buttons' },
      input({ value: values.added, placeholder: example, on: { input: (event) => revise({ added: event.target.value }), keydown } })(tied),
      button('Add', add),
    ),
    messageOf('create-add-message', dialog.addMessage),
  ]);
}

/** The key of the table that was written: `schema.table`, or a container of the database. */
function tableOf({ type, database, added }) {
  const text = added.trim();
  if (type === 'CosmosDb') return text && database ? keyOf(database, text) : null;
  const dot = text.indexOf('.');
  return dot > 0 && dot < text.length - 1 ? keyOf(text.slice(0, dot), text.slice(dot + 1)) : null;
}
