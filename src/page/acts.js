// Starting and stopping mirroring.

import { attempt, overview, state } from './store.js';

const path = (item) => `/workspaces/${item.workspace.id}/mirroredDatabases/${item.id}`;

/** Reasons why mirroring cannot be started, by status. */
const WAITS = {
  Initializing: 'Mirroring can be started when the database is Initialized.',
  Stopping: 'Mirroring can be started when it is Stopped.',
};

/** The act that the status of an item allows. `reason` is why it is not allowed. `null` for an item that cannot be started or stopped. */
export function mirroringAct(item) {
  if (item.type !== 'MirroredDatabase') return null;
  if (['Running', 'Starting'].includes(item.status)) return { label: 'Stop', icon: 'stop', reason: null, run: () => call(item, 'stopMirroring') };
  const label = item.status === 'Paused' ? 'Resume' : 'Start';
  return { label, icon: 'play', reason: WAITS[item.status] ?? null, run: () => call(item, 'startMirroring') };
}

async function call(item, operation) {
  await attempt(() => state.api.fabric('POST', `${path(item)}/${operation}`));
  overview.refresh({ now: true });
}
