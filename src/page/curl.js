// Requests as commands for a POSIX shell.

import { PAGE } from './api.js';
import { toBase64 } from './base64.js';
import { state } from './store.js';
import { isDefaultTenant, tenantId } from './tenants.js';

/** Within single quotes nothing has a meaning, so that only the quote itself needs care. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const isSignIn = (exchange) => exchange.operation?.startsWith('Entra') ?? false;

/** The command that makes a request of Fabric's API in the tenant that the page shows. `body` becomes JSON. */
export function curlOf(method, path, body) {
  const id = tenantId();
  const url = new URL(path, location.origin);
  if (id === null) url.searchParams.set('tenant', state.api.tenant);
  const content = body === undefined ? null : { type: 'application/json', text: JSON.stringify(body) };
  // Until an answer tells the id of a tenant that is only known by name, no token can name it. The page's header needs none.
  return command(method, url.href, id === null ? "-H 'X-Specularite-Page: 1'" : authorization(id), content);
}

/** The command that repeats an exchange of the journal. `request` is the body of its request, or `null`. */
export function curlOfExchange(exchange, request) {
  const { method, tenant } = exchange;
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  const content = request == null ? null : { type: contentType(exchange, request), text };
  return command(method, location.origin + pathOf(exchange), isSignIn(exchange) ? null : authorization(tenant), content);
}

function command(method, url, header, content) {
  const isEmpty = content === null && !['GET', 'HEAD'].includes(method);
  return [
    // curl waits for the body of an answer that has none, unless it is told that it asks for the head.
    `curl ${method === 'HEAD' ? '--head' : `-X ${method}`} ${quoted(url)}`,
    header,
    content && `-H ${quoted(`Content-Type: ${content.type}`)}`,
    content && `--data-raw ${quoted(content.text)}`,
    isEmpty && "-H 'Content-Length: 0'",
  ]
    .filter(Boolean)
    .join(' \\\n  ');
}

/**
 * The header with the token in the variable `TOKEN`, or with one of the default user. The journal records no tokens. A token
 * selects its tenant by the claim `tid`; the default tenant accepts any text.
 */
function authorization(tenant) {
  const token = isDefaultTenant(tenant) ? 'x' : unsignedToken({ tid: tenant });
  return `-H "Authorization: Bearer \${TOKEN:-${token}}"`;
}

function unsignedToken(claims) {
  const part = (value) => toBase64(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

/** The path of a request. Those of this page name their tenant in the query, where a token has no need of it. */
function pathOf({ path, principal }) {
  if (principal !== PAGE) return path;
  const url = new URL(path, location.origin);
  url.searchParams.delete('tenant');
  return url.pathname + url.search;
}

/** The journal does not record the headers of a request: the type follows from the body. */
function contentType(exchange, request) {
  if (typeof request !== 'string') return 'application/json';
  return isSignIn(exchange) ? 'application/x-www-form-urlencoded' : 'text/plain';
}
