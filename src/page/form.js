// Fields of the dialogs, and the acts that they end with.

import { ApiError, Unreachable } from './api.js';
import { h } from './dom.js';
import { glyph } from './icons.js';
import { changed, failed, state } from './store.js';

/**
 * Describes a labelled field. `control` is given the attributes that tie it to its label, its hint and its message.
 * `message` says what is wrong with the value; it may be absent.
 */
export function field({ id, label, hint, message }, control) {
  const described = [message && `${id}-message`, hint && `${id}-hint`].filter(Boolean).join(' ') || null;
  return h('div', { key: `field-${id}`, class: 'field' }, [
    h('label', { for: id }, label),
    control({ id, 'aria-describedby': described, 'aria-invalid': message ? 'true' : null }),
    messageOf(`${id}-message`, message),
    hint && h('span', { id: `${id}-hint`, class: 'hint' }, hint),
  ]);
}

export const messageOf = (id, message) =>
  message && h('div', { id, class: 'message', dir: 'auto' }, h('span', { class: 'tone-bad' }, glyph('diamond')), h('span', null, message));

export const input = (props) => (tied) => h('input', { class: 'input', autocomplete: 'off', spellcheck: 'false', ...props, ...tied });

/** `options` are pairs of value and text, or groups: `{label, options}`. */
export const select = (value, options, change) => (tied) =>
  h(
    'select',
    { class: 'input', ...tied, value, on: { change: (event) => change(event.target.value) } },
    options.map((each) => option(each, value)),
  );

function option(each, chosen) {
  if (!Array.isArray(each))
    return (
      each.options.length > 0 &&
      h(
        'optgroup',
        { label: each.label },
        each.options.map((inner) => option(inner, chosen)),
      )
    );
  const [value, text] = each;
  return h('option', { value, selected: value === chosen }, text);
}

/** Describes a checkbox or a radio button with its text. */
export function check(props, change, ...text) {
  return h(
    'label',
    { class: 'check' },
    h('input', { type: 'checkbox', ...props, on: { change: (event) => change(event.target.checked) } }),
    h('span', null, ...text),
  );
}

/** The rejection of an act, as Fabric words it. */
export function rejection(error) {
  if (!error) return null;
  return h(
    'div',
    { class: 'rejection', role: 'alert' },
    h('b', null, [error.status, error.code].filter(Boolean).join(' ')),
    [error.message, ...(error.details ?? [])].map((text) => h('p', { dir: 'auto' }, text)),
  );
}

export const button = (label, click, props = {}) => h('button', { type: 'button', class: 'button', on: { click }, ...props }, label);

/** A file of the viewer that cannot be used. `details` are further sentences. */
export class Unusable extends Error {
  details = [];
}

/** Runs an act of the open dialog. A rejection is shown in the dialog. Returns `undefined` in that case. */
export async function act(run) {
  const { dialog } = state;
  if (!dialog || dialog.isBusy) return undefined;
  Object.assign(dialog, { isBusy: true, error: null });
  changed();
  try {
    return (await run()) ?? null;
  } catch (error) {
    if (!(error instanceof Unusable)) failed(error);
    if (error instanceof ApiError) dialog.error = error;
    else dialog.error = { code: 'Not done', message: error instanceof Unreachable ? 'The emulator does not answer.' : error.message, details: error.details };
    return undefined;
  } finally {
    dialog.isBusy = false;
    changed();
  }
}
