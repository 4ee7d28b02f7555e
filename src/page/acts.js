// Starting and stopping mirroring.

import { h } from './dom.js';
import { icon } from './icons.js';
import { attempt, overview, state, toast } from './store.js';

/** The path of an operation of a mirrored database. */
export const operationPath = (item, operation) => `/workspaces/${item.workspace.id}/mirroredDatabases/${item.id}/${operation}`;

const WAITING = {
  Initializing: 'Mirroring can be started once the database is Initialized.',
  Stopping: 'Mirroring can be started once it is Stopped.',
};

/**
 * The act that the present status of an item allows. `null` for an item that cannot be started or stopped. `obstacle` says why
 * the act is not allowed.
 */
export function mirroringAct(item) {
  if (item.type !== 'MirroredDatabase') return null;
  const isStop = ['Running', 'Starting'].includes(item.status);
  const act = isStop
    ? { label: 'Stop', icon: 'stop', run: () => call(item, 'stopMirroring') }
    : { label: item.status === 'Paused' ? 'Resume' : 'Start', icon: 'play', run: () => call(item, 'startMirroring') };
  const looking = `The page shows another time. ${act.label} acts on the database now: go back to now first.`;
  return { ...act, obstacle: state.axis.look !== null ? looking : (WAITING[item.status] ?? null) };
}

/** The button of an act. If it is not allowed, it says why: a `disabled` one would take neither a click nor the focus. */
export function actButton({ label, icon: picture, obstacle, run }) {
  const props = { 'aria-disabled': obstacle ? 'true' : null, title: obstacle, on: { click: () => (obstacle ? toast(obstacle) : run()) } };
  return h('button', { type: 'button', class: `button ${label === 'Stop' ? '' : 'primary'}`, ...props }, icon(picture), label);
}

async function call(item, operation) {
  await attempt(() => state.api.fabric('POST', operationPath(item, operation)));
  overview.refresh({ now: true });
}
