// Copies of texts and commands.

import { toast } from './store.js';

/** Copies a command, and says what its variable is for. */
export const copyCurl = (command) =>
  copyText(command, command.includes('TOKEN') ? 'The request is copied. TOKEN may hold an access token; without it, the default user calls.' : 'The request is copied.');

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
