// What a viewer does with trouble that exists: show it, end it, remove it.

import { ApiError } from './api.js';
import { openDock } from './dock.js';
import { afterRendering, h } from './dom.js';
import { iso, moment, time } from './format.js';
import { attempt, now, state, troubles } from './store.js';
import { troubleTitle } from './trouble-kinds.js';
import { allTroubles, stateAt } from './troubles.js';

/** Milliseconds of the machine that a request may take to arrive while the clock runs. */
const LEAD = 100;

/** Ends an active trouble. */
async function endTrouble(trouble) {
  await attempt(() => end(trouble), 'The trouble has ended');
  troubles.refresh({ now: true });
}

/** Removes a planned trouble. */
async function removeTrouble({ id }) {
  await attempt(() => state.api.control('DELETE', `trouble/${id}`), 'The trouble is removed');
  troubles.refresh({ now: true });
}

/** Deleted trouble is not listed any more. A new end keeps the trouble in the list, but it must be after the beginning. */
async function end({ id, fromAt }) {
  const { clock } = state;
  const at = clock.isRunning ? iso(now() + LEAD * clock.rate) : clock.text;
  try {
    if (fromAt < now()) return await state.api.control('PATCH', `trouble/${id}`, { ends: { at } });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  return state.api.control('DELETE', `trouble/${id}`);
}

/**
 * Describes the button that ends or removes a trouble. It acts now, also while the viewer looks at another instant. `after` moves the
 * focus, because the button is gone then; without it the focus goes to what contains the button. Returns `null` for trouble that is over.
 */
export function troubleButton(trouble, { after, ...props } = {}) {
  const shown = stateAt(trouble, now());
  if (shown === 'ended') return null;
  const [label, act, title] =
    shown === 'active'
      ? ['End now', endTrouble, `Ends the trouble at ${time(now())}, which is now.`]
      : ['Remove', removeTrouble, 'Removes the trouble before it begins.'];
  const click = async ({ currentTarget }) => {
    const container = currentTarget.closest('[tabindex]');
    await act(trouble);
    if (after) after();
    else container?.focus({ preventScroll: true });
  };
  return h('button', { type: 'button', 'aria-label': `${label}: ${troubleTitle(trouble)}`, title, ...props, on: { click } }, label);
}

/** Shows a trouble in the list of all trouble. */
function showTrouble(id) {
  openDock('trouble', { movesFocus: false });
  afterRendering(() => document.getElementById(`trouble-${id}`)?.focus());
}

/** Describes the cause of an error: the trouble with this id. Without an id it is `null`. */
export function causeOf(id) {
  if (!id) return null;
  const trouble = allTroubles().find((each) => each.id === id);
  if (!trouble) return state.areTroublesRead && h('span', { class: 'cause' }, 'Caused by trouble that was removed.');
  const title = troubleTitle(trouble);
  const show = h(
    'button',
    { type: 'button', class: 'link', title: 'Shows it in the list of trouble.', on: { click: () => showTrouble(id) } },
    title,
  );
  const act = troubleButton(trouble, { class: 'link' }) ?? `ended at ${moment(trouble.toAt ?? trouble.fromAt, now())}`;
  return h('span', { class: 'cause' }, h('span', null, 'Caused by ', show), h('span', null, act));
}
