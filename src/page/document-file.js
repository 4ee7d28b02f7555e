// Files with scenarios and snapshots: what is wrong with one that the emulator rejects.

import { ApiError } from './api.js';
import { Unusable } from './form.js';

/** Members that only documents of one kind have. */
const MARKS = { snapshot: ['base', 'facts', 'counters'], scenario: ['$schema', 'workspaces', 'connections', 'sources'] };
const PLACE = / at line (\d+) column (\d+)\.?$/;

/**
 * The error to show for a rejected file. `kind` is `snapshot` or `scenario`. The first sentence says what is wrong with the
 * file. The words of the emulator follow. Errors that are not about the content stay as they are.
 */
export function fileError(error, name, kind, text) {
  const said = error instanceof ApiError && error.status === 400 && error.details.find((detail) => detail.includes('is not valid: '));
  if (!said) return error;
  const reason = said.slice(said.indexOf('is not valid: ') + 'is not valid: '.length);
  const unusable = new Unusable(describe(reason, name, kind, text));
  unusable.details = [`The emulator answered: ${said}`];
  return unusable;
}

function describe(reason, name, kind, text) {
  const [, line, column] = PLACE.exec(reason) ?? [];
  const place = line ? ` Line ${line}, column ${column}.` : '';
  if (text.trim() === '') return `${name} is empty.`;
  const parsed = parsedOf(text);
  if (parsed === undefined) return `${name} is not JSON.${place}`;
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return `${name} is not a ${kind}: it holds no JSON object.`;
  const other = kind === 'snapshot' ? 'scenario' : 'snapshot';
  const isOther = MARKS[other].some((member) => member in parsed) && !MARKS[kind].some((member) => member in parsed);
  if (isOther) return `${name} is a ${other}, not a ${kind}. Choose “Load a ${other}” in the menu of the tenant.`;
  const [, within = '', missing] = /^(?:(.+): )?missing field `([^`]+)`/.exec(reason) ?? [];
  if (missing) return `${name} is not a ${kind}: the member ${memberOf(within, missing)} is missing.${place}`;
  const [, path, unknown] = /^(?:(.+): )?unknown field `([^`]+)`/.exec(reason) ?? [];
  if (unknown) return `${name} is not a ${kind}: it has the unknown member ${path || unknown}.${place}`;
  return `The emulator rejects ${name}.${place}`;
}

const memberOf = (within, name) => (within ? `${within}.${name}` : name);

/** The value of a JSON text, or `undefined` if it is none. */
function parsedOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
