// Starts of new databases that wait for the status `Initialized`. The page makes them: the API has no such start.

import { operationPath } from './acts.js';
import { ApiError } from './api.js';
import { h } from './dom.js';
import { changed, failed, items, overview, state, toast } from './store.js';

/** Where the browser keeps the ids of the databases, so that a reload of the page does not forget them. */
const KEPT = `starts ${state.api.tenant ?? ''}`;
/** Milliseconds between two looks at the state that was read. */
const GAP = 100;
const VISIBLE_WITHIN = 3000;

/** The databases to start: `null` while the start waits, or the rejection of the API. */
const starts = new Map();

const find = (id) => items().find((item) => item.id === id);
const pause = () => new Promise((resolve) => setTimeout(resolve, GAP));

/** Waits until the overview has an item, for a few seconds at most. */
export async function itemIsListed(id) {
  for (let waited = 0; waited < VISIBLE_WITHIN && !find(id); waited += GAP) await pause();
}

/** Starts a database as soon as it is `Initialized`. That can take any time, because the clock may be stopped. */
export async function startWhenInitialized(id) {
  set(id, null);
  await itemIsListed(id);
  follow(id);
}

/** Resumes the starts that waited before the page was loaded again. */
export async function resumeStarts() {
  while (!state.isLoaded) await pause();
  const ids = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]').filter((id) => !starts.has(id));
  for (const id of ids) {
    starts.set(id, null);
    follow(id);
  }
}

/**
 * Looks at the state of the page, and sends no requests while it waits. It ends if the database is started or deleted in the
 * meantime.
 */
async function follow(id) {
  while (starts.has(id)) {
    const item = find(id);
    const isReady = item?.status === 'Initialized';
    if (!isReady && item?.status !== 'Initializing') break;
    if (isReady && starts.get(id) === null && state.lost === null) await start(item);
    await pause();
  }
  forget(id);
}

async function start(item) {
  try {
    await state.api.fabric('POST', operationPath(item, 'startMirroring'));
    forget(item.id);
    overview.refresh({ now: true });
  } catch (error) {
    failed(error);
    if (!(error instanceof ApiError)) return;
    set(item.id, error);
    toast(`${item.displayName} was not started: ${error.status} ${error.code}`);
  }
}

function set(id, rejection) {
  starts.set(id, rejection);
  keep();
}

function forget(id) {
  if (starts.delete(id)) keep();
}

function keep() {
  const waiting = [...starts].filter(([, rejection]) => rejection === null).map(([id]) => id);
  sessionStorage.setItem(KEPT, JSON.stringify(waiting));
  changed();
}

/* ---- Showing it ---- */

/** The fact in the head of a database: that it will be started, or that this failed. */
export function startFact(item) {
  if (!starts.has(item.id) || state.axis.look !== null) return null;
  if (starts.get(item.id) === null) return h('span', { key: 'start', class: 'start-fact' }, 'Starts when Initialized', link('Do not start', () => forget(item.id)));
  return h('span', { key: 'start', class: 'start-fact tone-bad' }, 'Not started', link('Try again', () => set(item.id, null)));
}

/** The sentence about it: what the page waits for, or why the start failed and what to do. */
export function startSentence(item) {
  if (!starts.has(item.id) || state.axis.look !== null) return null;
  const rejection = starts.get(item.id);
  if (rejection) {
    const answer = [h('b', { class: 'mono' }, `${rejection.status} ${rejection.code}`), ` ${rejection.text}`];
    return { tone: 'bad', content: ['The automatic start failed. Correct the cause, and press Start. ', answer] };
  }
  const clock = state.clock.isRunning ? '' : ' The clock stands still: move it to get there.';
  return { tone: 'muted', content: [`This page starts mirroring when the status is Initialized. Keep the page open.${clock}`] };
}

const link = (label, click) => h('button', { type: 'button', class: 'link', on: { click } }, label);
