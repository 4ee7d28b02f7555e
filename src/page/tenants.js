// Tenants: their names and addresses, and their snapshots as files.

import { ApiError, Unreachable } from './api.js';
import { iso } from './format.js';
import { failed, now, state, toast } from './store.js';

/** Where the browser keeps the names of forks: the emulator tells only their ids. */
const NAMES = 'tenant-names';

function names() {
  try {
    return JSON.parse(localStorage.getItem(NAMES)) ?? {};
  } catch {
    return {};
  }
}

export const rememberTenant = (id, name) => localStorage.setItem(NAMES, JSON.stringify({ ...names(), [id]: name }));

/** The name of a tenant, or its id. */
export const tenantName = ({ id, name, isDefault }) => (isDefault ? 'default tenant' : (name ?? names()[id] ?? id));

/** The id or the name of the tenant that the page shows. */
export const tenantInUse = () => encodeURIComponent(state.api.tenant ?? state.tenants.find(({ isDefault }) => isDefault)?.id);

export const isShown = (tenant) =>
  state.api.tenant === null ? tenant.isDefault : [tenant.id, tenantName(tenant)].includes(state.api.tenant);

/** The address of the page for a tenant; `null` is the default one. */
export const tenantHref = (tenant) => (tenant === null ? '/' : `/?tenant=${encodeURIComponent(tenant)}`);

/** Calls `/_emulator/snapshot` without parsing the document: its numbers may be larger than those of JavaScript. */
async function callSnapshot(method, body) {
  let response;
  try {
    response = await fetch(state.api.address('/_emulator/snapshot'), { method, body, cache: 'no-store' });
  } catch (why) {
    throw new Unreachable(why.message);
  }
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  return response;
}

export const putSnapshot = (file) => callSnapshot('PUT', file);

/** Saves a snapshot of the tenant as a file. */
export async function saveSnapshot() {
  try {
    const blob = await (await callSnapshot('GET')).blob();
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${state.api.tenant ?? 'tenant'}-${iso(now()).slice(0, 19).replaceAll(':', '')}.json`.replaceAll(/[^\w.-]/g, '-');
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    toast(`The snapshot is saved as ${link.download}`);
  } catch (error) {
    failed(error);
    toast(error instanceof ApiError ? error.text : 'The snapshot could not be saved.');
  }
}
