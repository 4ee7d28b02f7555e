// Requests as text, for the shell.

import { state, toast } from './store.js';

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A request of Fabric's API as a command for the shell. `body` becomes JSON. A token names its tenant, and none is at hand for
 * another tenant than the default one: there, the command calls as the page does.
 */
export function curlOf(method, path, body) {
  const { api } = state;
  const url = new URL(path, location.origin);
  if (api.tenant) url.searchParams.set('tenant', api.tenant);
  const lines = [`curl -X ${method} ${quoted(url.href)}`, `  -H '${api.tenant ? 'X-Specularite-Page: 1' : 'Authorization: Bearer x'}'`];
  if (body !== undefined) lines.push(`  -H 'Content-Type: application/json'`, `  -d ${quoted(JSON.stringify(body))}`);
  return lines.join(' \\\n');
}

/** Copies a text. `done` is the message that follows. */
export async function copyText(text, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers offer the clipboard to pages of https and of this machine only.
    if (!copyBySelection(text)) return toast('The browser does not let the page copy.');
  }
  return toast(done);
}

function copyBySelection(text) {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  // Behind a modal dialog nothing can be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  before?.focus();
  return isCopied;
}
