// Starting and stopping mirroring.

import { attempt, overview, state } from './store.js';

const path = (item) => `/workspaces/${item.workspace.id}/mirroredDatabases/${item.id}`;

/** The act that the status of an item allows. `null` for an item that cannot be started or stopped. */
export function mirroringAct(item) {
  if (item.type !== 'MirroredDatabase') return null;
  if (['Running', 'Starting'].includes(item.status)) return { label: 'Stop', icon: 'stop', isAllowed: true, run: () => call(item, 'stopMirroring') };
  const label = item.status === 'Paused' ? 'Resume' : 'Start';
  return { label, icon: 'play', isAllowed: !['Initializing', 'Stopping'].includes(item.status), run: () => call(item, 'startMirroring') };
}

async function call(item, operation) {
  await attempt(() => state.api.fabric('POST', `${path(item)}/${operation}`));
  overview.refresh({ now: true });
}
