// The requests that the form of trouble makes, and where their errors belong.

import { SECOND, iso, parseDateTime } from './format.js';
import { tableKey, tableLabel } from './spans.js';
import { itemsById, now } from './store.js';
import { FAULTS, TROUBLE_KINDS } from './trouble-kinds.js';

/** A value of the form that cannot be sent. `field` is its name. */
export class FieldError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** The kind of trouble of a preset: a preset is a kind, or the name of a cause. */
export const kindOf = (form, causes) => causes.find(({ cause }) => cause === form.preset)?.kind ?? form.preset;

/** The id of the source of an item: its connection, or the item itself for open mirroring. */
export const sourceOf = (item) => item?.source?.connectionId ?? item?.id ?? null;

/** The body of `POST trouble`. */
export function troubleRequest(form, causes) {
  const kind = kindOf(form, causes);
  const properties = TROUBLE_KINDS[kind] ?? {};
  const request = { target: target(form, properties), ...(kind === form.preset ? { kind } : { cause: form.preset }) };
  const starts = start(form);
  if (starts) request.starts = starts;
  if (properties.hasEnd && form.values.ends === 'after') request.ends = { after: number(form, 'endsAfter') };
  if (properties.hasEnd && form.values.ends === 'restart') request.ends = 'restart';
  if (properties.hasError) Object.assign(request, error(form));
  if (properties.hasFactor) request.factor = number(form, 'factor');
  return request;
}

function target(form, properties) {
  const { scope, item, connectionType, connectionPath } = form.values;
  if (properties.target === 'connection' && scope === 'connectionDetails') {
    return { connectionDetails: { type: connectionType.trim() || '*', path: connectionPath.trim() || '*' } };
  }
  const found = itemsById().get(item);
  if (!found) throw new FieldError('item', 'Choose an item.');
  if (properties.target === 'item' || properties.target === 'catalog') return { item };
  if (properties.target !== 'table' || scope === 'source') return { source: sourceOf(found) };
  const place = scope === 'sourceTable' ? { source: sourceOf(found) } : { item };
  return { ...place, table: table(form) };
}

/** The chosen table. One that the item does not list is written as `schema.table`. */
function table(form) {
  const { values, tables } = form;
  const listed = tables.find((each) => tableKey(each) === values.table || label(each) === values.table);
  if (listed) return { schemaName: listed.sourceSchemaName ?? '', tableName: listed.sourceTableName };
  const [schemaName, ...rest] = values.table.split('.');
  const tableName = rest.join('.');
  if (!schemaName || !tableName) throw new FieldError('table', 'Write the table as schema.table.');
  return { schemaName, tableName };
}

export const label = (each) => tableLabel(each.sourceSchemaName, each.sourceTableName);

function start(form) {
  const { starts, at } = form.values;
  if (starts === 'now') return null;
  if (starts === 'after') return { after: number(form, 'after') };
  if (starts === 'share') return { share: number(form, 'share') / 100 };
  if (starts !== 'at') return { at: iso(now() + Number(starts) * SECOND) };
  const instant = parseDateTime(at, now());
  if (instant === null) throw new FieldError('at', 'Write a date and a time, such as 2026-08-11 14:30:00.');
  return { at: iso(instant) };
}

/** A given error replaces that of the kind or cause. */
function error(form) {
  const [errorCode, message] = [form.values.errorCode.trim(), form.values.message.trim()];
  if (!errorCode && !message) return {};
  if (!errorCode) throw new FieldError('errorCode', 'Write a code too, or leave both empty.');
  if (!message) throw new FieldError('message', 'Write a message too, or leave both empty.');
  return { error: { errorCode, message } };
}

/** The body of `POST faults`. */
export function faultRequest(form) {
  const { title, name = () => title, effect } = FAULTS[form.preset];
  const { operation, pattern, principal, isOnlyItem, item } = form.values;
  const match = {};
  if (operation === 'pattern') match.operation = text(form, 'pattern', pattern);
  else if (operation) match.operation = operation;
  if (principal) match.principal = principal;
  if (isOnlyItem && item) match.item = item;
  const values = {
    number: (member) => number(form, member),
    text: (member) => form.values[member].trim(),
    flag: (member) => form.values[member],
  };
  const when = whenOf(form);
  return { name: name(form.values), match, ...(Object.keys(when).length > 0 && { when }), effect: effect(values) };
}

function whenOf(form) {
  const { when, skip } = form.values;
  const result = {};
  if (skip.trim() && skip.trim() !== '0') result.skip = number(form, 'skip');
  if (when === 'next') result.times = 1;
  if (when === 'first') result.times = number(form, 'times');
  if (when === 'probability') result.probability = number(form, 'probability') / 100;
  return result;
}

function text(form, name, value) {
  if (!value.trim()) throw new FieldError(name, 'Write a pattern, such as Items_*.');
  return value.trim();
}

function number(form, name) {
  const value = Number(form.values[name]);
  if (String(form.values[name]).trim() === '' || Number.isNaN(value)) throw new FieldError(name, 'Write a number.');
  return value;
}

/** The fields of the form by the member of the request that they become. Longer paths come first. */
const FIELDS = [
  ['target.table', 'table'],
  ['target', 'item'],
  ['kind', 'item'],
  ['starts.at', 'at'],
  ['starts.after', 'after'],
  ['starts.share', 'share'],
  ['starts', 'starts'],
  ['ends.after', 'endsAfter'],
  ['ends', 'ends'],
  ['error.errorCode', 'errorCode'],
  ['error.message', 'message'],
  ['error', 'errorCode'],
  ['factor', 'factor'],
  ['match.operation', 'operation'],
  ['match.principal', 'principal'],
  ['when.skip', 'skip'],
  ['when.times', 'times'],
  ['when.probability', 'probability'],
  ['when', 'when'],
  ['effect.throttle', 'retryAfter'],
  ['effect.answer.status', 'status'],
  ['effect.answer', 'errorCode'],
  ['effect.delay', 'seconds'],
  ['effect.staleSeconds', 'staleSeconds'],
  ['effect.operation', 'errorCode'],
];

/** The field that a rejection of the API is about, and its text: `{field, message}`. `field` is null if no field is named. */
export function placed(rejection) {
  const detail = rejection.details[0] ?? rejection.message;
  const message = detail.replace(/^The (?:rule|request body) is not valid: /, '');
  const found = FIELDS.find(([member]) => new RegExp(`(^|[^\\w.])${member.replaceAll('.', '\\.')}\\b`).test(message));
  if (rejection.status === 404) return { field: 'item', message: 'It does not exist any more, or it has no source.' };
  return { field: found?.[1] ?? null, message };
}
