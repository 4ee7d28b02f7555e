// The fields of the form of trouble. They are those that the kind takes.

import { callerName, callers } from './callers.js';
import { h } from './dom.js';
import { check, field, input, select } from './form.js';
import { time } from './format.js';
import { tableKey } from './spans.js';
import { itemsById, now, state } from './store.js';
import { revise, targetsOf } from './trouble-form.js';
import { FAULTS, OPERATIONS, TROUBLE_KINDS } from './trouble-kinds.js';
import { label, sourceOf } from './trouble-request.js';

/** A list of more tables than this is a field to type in, with proposals. */
const CHOICES_MAX = 200;
const PROPOSALS_MAX = 50;

const STARTS = [
  ['now', 'now'],
  ['10', 'in 10 seconds'],
  ['60', 'in 1 minute'],
  ['300', 'in 5 minutes'],
  ['3600', 'in 1 hour'],
  ['at', 'at an instant'],
  ['after', 'after Running'],
];
const ENDS = [
  ['never', 'never'],
  ['after', 'after some time'],
  ['restart', 'with a restart'],
];
const WHEN = [
  ['next', 'the next request'],
  ['first', 'the first requests'],
  ['every', 'every request'],
  ['probability', 'with a probability'],
];

/** Collects fields and their names, so that a message whose field is not shown can be shown elsewhere. */
class Fields {
  constructor(form) {
    this.form = form;
    this.names = [];
  }

  /** Describes the field of a value. */
  add(name, text, control, hint) {
    this.names.push(name);
    const { error } = this.form;
    return field({ id: `trouble-${name}`, label: text, hint, message: error?.field === name ? error.message : null }, control);
  }

  select(name, text, options, hint) {
    return this.add(
      name,
      text,
      select(this.form.values[name], options, (value) => revise({ [name]: value })),
      hint,
    );
  }

  input(name, text, props = {}, hint = null) {
    return this.add(
      name,
      text,
      input({ ...props, value: this.form.values[name], on: { input: (event) => revise({ [name]: event.target.value }) } }),
      hint,
    );
  }

  number(name, text, hint) {
    return this.input(name, text, { inputmode: 'decimal' }, hint);
  }
}

const two = (...content) => h('div', { class: 'fields-two' }, content);

/* ---- Trouble ---- */

/** The fields of trouble: their descriptions and their names. */
export function troubleFields(form, kind) {
  const fields = new Fields(form);
  const properties = TROUBLE_KINDS[kind] ?? {};
  const content = [
    targetFields(fields, properties),
    startFields(fields, properties),
    properties.hasEnd && endFields(fields),
    properties.hasFactor && fields.number('factor', 'Times as long', 'Snapshots take, and changes arrive, so many times as long.'),
    properties.hasError && errorFields(fields),
  ];
  return { names: fields.names, content };
}

function targetFields(fields, { target }) {
  const { scope, item } = fields.form.values;
  const isNewConnection = target === 'connection' && scope === 'connectionDetails';
  const offered = targetsOf(target).map((each) => [each.id, `${each.displayName} in ${each.workspace.displayName}`]);
  const found = itemsById().get(item);
  return [
    target === 'connection' &&
      fields.select('scope', 'Connections', [
        ['connectionDetails', 'new connections'],
        ['source', 'the connection of a database'],
      ]),
    isNewConnection &&
      two(
        fields.input('connectionType', 'Type', { placeholder: 'any, such as SQL' }),
        fields.input('connectionPath', 'Path', { placeholder: 'any, such as *.contoso.com' }),
      ),
    !isNewConnection && fields.select('item', 'Item', offered, target === 'source' && sourceHint(found)),
    target === 'table' &&
      fields.select(
        'scope',
        'Affects',
        [
          ['table', 'one table, only in this database'],
          ['sourceTable', 'one table of the source, in all databases'],
          ['source', 'all tables of the source, in all databases'],
        ],
        scope !== 'table' && sourceHint(found),
      ),
    target === 'table' && scope !== 'source' && tableField(fields),
  ];
}

/** Other databases may mirror the same source. */
function sourceHint(item) {
  const source = sourceOf(item);
  const others = [...itemsById().values()].filter(
    (other) => other.id !== item?.id && other.status !== null && sourceOf(other) === source,
  ).length;
  const name = item?.source?.connection;
  const text = name ? `The source is the connection ${name}.` : 'The source of this item.';
  return others > 0 ? `${text} ${others} other ${others === 1 ? 'database mirrors' : 'databases mirror'} it too.` : text;
}

function tableField(fields) {
  const { tables, values } = fields.form;
  if (tables.length > 0 && tables.length <= CHOICES_MAX) {
    return fields.select(
      'table',
      'Table',
      tables.map((table) => [tableKey(table), label(table)]),
    );
  }
  const text = values.table.toLowerCase();
  const proposed = tables.filter((table) => label(table).toLowerCase().includes(text)).slice(0, PROPOSALS_MAX);
  return [
    fields.input(
      'table',
      'Table',
      { list: 'trouble-tables', dir: 'auto', placeholder: 'schema.table' },
      tables.length === 0 && 'The item lists no table now. Write schema.table.',
    ),
    h(
      'datalist',
      { id: 'trouble-tables' },
      proposed.map((table) => h('option', { key: tableKey(table), value: label(table) })),
    ),
  ];
}

function startFields(fields, { hasShare }) {
  const { starts, scope } = fields.form.values;
  const canShare = hasShare && scope !== 'source';
  const options = canShare ? [...STARTS, ['share', 'during the next snapshot']] : STARTS;
  const detail = {
    at: () => fields.input('at', 'Instant, UTC', { placeholder: 'YYYY-MM-DD HH:MM:SS', maxlength: 32 }),
    after: () => fields.number('after', 'Seconds after Running'),
    share: () => fields.number('share', 'When so many % are copied'),
  }[starts];
  const hint = startHint(fields.form);
  return [two(fields.select('starts', 'Starts', options), detail?.()), hint && h('p', { class: 'hint' }, hint)];
}

/** Tells where the instant comes from, and what is counted from now while the viewer looks at another instant. */
function startHint({ values: { starts }, isLooked }) {
  if (starts === 'at') {
    return isLooked
      ? 'This is the instant that you looked at when you opened the form.'
      : 'To fill in an instant, look ahead on the time axis before you open this form.';
  }
  if (state.axis.look === null || starts === 'after' || starts === 'share') return null;
  return `Now is ${time(now())}. It is not the instant that you look at.`;
}

function endFields(fields) {
  return two(
    fields.select('ends', 'Ends', ENDS),
    fields.form.values.ends === 'after' && fields.number('endsAfter', 'Seconds after the beginning'),
  );
}

function errorFields(fields) {
  const { preset } = fields.form;
  const cause = state.causes.find((each) => each.cause === preset);
  const hint = `If both are empty, the error is that of the ${cause ? 'cause' : 'kind'}.`;
  return [
    fields.input('errorCode', 'Error code', { placeholder: cause?.errorCode ?? null, maxlength: 256 }),
    fields.input('message', 'Message', { placeholder: cause?.message ?? null, maxlength: 4096 }, hint),
  ];
}

/* ---- Faults ---- */

const EFFECT_FIELDS = {
  status: (fields) => fields.number('status', 'Status'),
  retryAfter: (fields) => fields.number('retryAfter', 'Retry-After, seconds'),
  seconds: (fields) => fields.number('seconds', 'Seconds'),
  staleSeconds: (fields) => fields.number('staleSeconds', 'Age of the data, seconds'),
  errorCode: (fields) => fields.input('errorCode', 'Error code'),
  message: (fields) => fields.input('message', 'Message'),
  isRetriable: ({ form }) =>
    check({ checked: form.values.isRetriable }, (isRetriable) => revise({ isRetriable }), 'isRetriable: the client may retry'),
};

const HINTS = {
  serverError: 'The code, the message and isRetriable follow the status until you change them.',
  lostAnswer: 'The request takes effect, and its caller gets no answer.',
  tokenExpired: 'The caller must get a new token.',
  stale: 'Only reads are struck.',
  operationFails: 'Only requests that begin a long-running operation are struck.',
};

/** The fields of a fault rule: their descriptions and their names. */
export function faultFields(form) {
  const fields = new Fields(form);
  const { values, preset } = form;
  const item = itemsById().get(values.item);
  const detail = { first: () => fields.number('times', 'How many'), probability: () => fields.number('probability', 'Probability, %') }[
    values.when
  ];
  const content = [
    HINTS[preset] && h('p', { class: 'hint' }, HINTS[preset]),
    fields.select('operation', 'Operation', [['', 'any operation'], ['pattern', 'a pattern of operations…'], ...operations()]),
    values.operation === 'pattern' &&
      fields.input('pattern', 'Pattern', { placeholder: 'Items_*' }, 'The operationId; * stands for any characters.'),
    item &&
      check(
        { checked: values.isOnlyItem },
        (isOnlyItem) => revise({ isOnlyItem }),
        'Only requests for ',
        h('span', { dir: 'auto' }, item.displayName),
      ),
    fields.select('principal', 'Caller', [['', 'anyone but this page'], ...callers().map((id) => [id, callerName(id)])]),
    two(fields.select('when', 'Strikes', WHEN), detail?.()),
    fields.number('skip', 'Requests that pass first'),
    Object.keys(FAULTS[preset].values).map((name) => EFFECT_FIELDS[name](fields)),
  ];
  return { names: fields.names, content };
}

const operations = () => Object.entries(OPERATIONS).map(([text, ids]) => ({ label: text, options: ids.map((id) => [id, id]) }));
