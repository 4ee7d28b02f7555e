// Payloads of definitions: base64 of UTF-8.

export function toBase64(text) {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function fromBase64(payload) {
  return new TextDecoder().decode(Uint8Array.from(atob(payload), (character) => character.charCodeAt(0)));
}
