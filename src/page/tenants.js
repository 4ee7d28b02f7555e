// Tenants: their names and addresses, and their snapshots as files.

import { ApiError, Unreachable } from './api.js';
import { count, isGuid, iso } from './format.js';
import { failed, now, state, toast } from './store.js';

/** Where the browser keeps the names of forks, because the emulator may tell only their ids. */
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
export function tenantName({ id, name, isDefault }) {
  if (isDefault) return 'default tenant';
  return name ?? names()[id] ?? (id === tenantId() ? state.api.tenant : id);
}

export const isDefaultTenant = (id) => state.tenants.some((tenant) => tenant.isDefault && tenant.id === id);

/** The id of the tenant that the page shows; `null` while only its name is known. */
export function tenantId() {
  const { tenant } = state.api;
  if (tenant === null) return state.tenants.find(({ isDefault }) => isDefault)?.id ?? null;
  if (isGuid(tenant)) return tenant.toLowerCase();
  const told = state.tenants.map(({ id, name = '' }) => [id, name]);
  const isMeant = ([, name]) => name.toLowerCase() === tenant.toLowerCase();
  return [...told, ...Object.entries(names())].find(isMeant)?.[0] ?? state.exchanges.at(-1)?.tenant ?? null;
}

/** The id or the name of the tenant that the page shows. */
export const tenantInUse = () => encodeURIComponent(state.api.tenant ?? state.tenants.find(({ isDefault }) => isDefault)?.id);

export const isShown = (tenant) => tenant.id === tenantId();

/** The name of the tenant that the page shows. */
export function shownTenantName() {
  const known = state.tenants.find(isShown);
  return known ? tenantName(known) : (state.api.tenant ?? 'default tenant');
}

/** The address of the page for a tenant; `null` is the default one. */
export const tenantHref = (tenant) => (tenant === null ? '/' : `/?tenant=${encodeURIComponent(tenant)}`);

/** Sends or reads a document without parsing it: its numbers may be larger than those of JavaScript. */
async function callWithDocument(method, name, body, query) {
  let response;
  try {
    response = await fetch(state.api.address(`/_emulator/${name}`, query), { method, body, cache: 'no-store' });
  } catch (why) {
    throw new Unreachable(why.message);
  }
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  return response;
}

/** Replaces the tenant. Returns its id and the instant of its clock. */
export const putSnapshot = async (file) => (await callWithDocument('PUT', 'snapshot', file)).json();

/** Adds the content of a scenario to the tenant, or to another one. Returns the ids of what was added by name. */
export const loadScenario = async (text, tenant) => (await callWithDocument('POST', 'scenario', text, { tenant })).json();

/** Adds the content of a scenario that the emulator contains. */
export async function loadBuiltIn(name) {
  const document = await state.api.control('GET', `scenarios/${encodeURIComponent(name)}`);
  return loadScenario(JSON.stringify(document));
}

/** Says what a scenario has added to the tenant. */
export function loadedText(name, added) {
  const counted = [
    ['workspaces', 'workspace'],
    ['items', 'item'],
    ['connections', 'connection'],
  ].map(([member, word]) => [Object.keys(added[member] ?? {}).length, word]);
  const said = counted.filter(([total]) => total > 0).map(([total, word]) => count(total, word));
  return `${name} is loaded: ${said.join(', ') || 'no workspaces'}`;
}

/** Saves a snapshot of the tenant as a file. */
export async function saveSnapshot() {
  try {
    const blob = await (await callWithDocument('GET', 'snapshot')).blob();
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
