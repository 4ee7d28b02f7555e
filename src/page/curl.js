// Recorded requests as commands for a POSIX shell.

/** Within single quotes nothing has a meaning, so that only the quote itself needs care. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const isSignIn = (exchange) => exchange.operation?.startsWith('Entra') ?? false;

/**
 * The command that repeats an exchange. `request` is the body of its request, or `null`. The journal does not record tokens,
 * so that the command takes one from the variable `TOKEN`.
 */
export function curlOfExchange(exchange, request) {
  const { method, path } = exchange;
  const lines = [`curl -X ${method} ${quoted(location.origin + path)}`];
  if (!isSignIn(exchange)) lines.push('-H "Authorization: Bearer $TOKEN"');
  if (request != null) {
    const text = typeof request === 'string' ? request : JSON.stringify(request);
    lines.push(`-H ${quoted(`Content-Type: ${contentType(exchange, request)}`)}`, `--data-raw ${quoted(text)}`);
  } else if (!['GET', 'HEAD'].includes(method)) {
    lines.push("-H 'Content-Length: 0'");
  }
  return lines.join(' \\\n  ');
}

/** The journal does not record the headers of a request: the type follows from the body. */
function contentType(exchange, request) {
  if (typeof request !== 'string') return 'application/json';
  return isSignIn(exchange) ? 'application/x-www-form-urlencoded' : 'text/plain';
}
