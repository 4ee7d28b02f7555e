// Long-running operations: calls that are answered with 202 are followed to their end.

import { ApiError } from './api.js';
import { now, state } from './store.js';

/** Milliseconds between two looks at the clock of the tenant. */
const GAP = 200;

const pause = () => new Promise((resolve) => setTimeout(resolve, GAP));

/**
 * Makes a call, and waits for the operation that it starts, if any. `started` is called then. Returns the answer, or with
 * `hasResult` the result of the operation. An operation that fails is an `ApiError`.
 */
export async function completed(method, path, body, { started = () => {}, hasResult = false } = {}) {
  const { answer, operation, retryAfter } = await state.api.begin(method, path, body);
  if (operation === null) return answer;
  started();
  const { status, error } = await ended(operation, retryAfter * 1000);
  if (status !== 'Succeeded') throw new ApiError(status, error);
  return hasResult ? state.api.fabric('GET', `/operations/${operation}/result`) : null;
}

async function ended(operation, wait) {
  for (;;) {
    const answer = await state.api.fabric('GET', `/operations/${operation}`);
    if (!['NotStarted', 'Running', 'Undefined'].includes(answer.status)) return answer;
    await untilDue(wait);
  }
}

/** Waits as long as the API asks for. While the clock stands still, nothing ends: then it waits until the clock has moved. */
async function untilDue(wait) {
  const asked = { at: now(), on: performance.now() };
  const isDue = () => (state.clock.isRunning ? performance.now() - asked.on >= wait : now() !== asked.at);
  do await pause();
  while (!isDue());
}
