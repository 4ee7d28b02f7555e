// Calls of the control interface (`/_emulator`), and of Fabric's API as the default user.

/** The principal of the requests that this page makes. */
export const PAGE = 'page';

/** A rejection, with the members of Fabric's error. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.message ?? `The emulator answered ${status}.`);
    this.status = status;
    this.code = body?.errorCode ?? '';
    this.details = (body?.moreDetails ?? []).map((detail) => detail.message).filter(Boolean);
  }

  /** The message and its details in one text. */
  get text() {
    return [this.message, ...this.details].join(' ');
  }
}

/** The emulator did not answer. */
export class Unreachable extends Error {}

export class Api {
  /** `tenant` is the id or the name of a tenant, or `null` for the default one. */
  constructor(tenant) {
    this.tenant = tenant;
  }

  /** Calls `/_emulator/{path}`. Returns the parsed answer, or the text of an answer that is not JSON. */
  control(method, path, body, query = {}) {
    return this.#call(method, `/_emulator/${path}`, query, {}, body);
  }

  /** Calls `/v1{path}`. */
  fabric(method, path, body) {
    return this.#call(method, `/v1${path}`, {}, { 'X-Specularite-Page': '1' }, body);
  }

  /** Calls `/v1{path}`. Returns the answer with the id of the operation that an answer 202 has started, and when to ask for it. */
  async begin(method, path, body) {
    const { answer, response } = await this.#send(method, `/v1${path}`, {}, { 'X-Specularite-Page': '1' }, body);
    const { status, headers } = response;
    return { answer, operation: status === 202 ? headers.get('x-ms-operation-id') : null, retryAfter: Number(headers.get('retry-after')) };
  }

  /** All elements of a paged list. */
  async list(path) {
    const all = [];
    let token = null;
    do {
      const page = await this.fabric('GET', token ? `${path}?continuationToken=${encodeURIComponent(token)}` : path);
      all.push(...page.value);
      token = page.continuationToken;
    } while (token);
    return all;
  }

  address(path, query = {}) {
    const url = new URL(path, location.origin);
    for (const [name, value] of Object.entries(query)) if (value != null) url.searchParams.set(name, value);
    if (this.tenant && !url.searchParams.has('tenant')) url.searchParams.set('tenant', this.tenant);
    return url;
  }

  async #call(...request) {
    return (await this.#send(...request)).answer;
  }

  async #send(method, path, query, headers, body) {
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response;
    let text;
    try {
      response = await fetch(this.address(path, query), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store',
      });
      // The connection can also be lost between the head and the end of the body.
      text = await response.text();
    } catch (why) {
      throw new Unreachable(why.message);
    }
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    const answer = isJson && text ? JSON.parse(text) : text;
    if (!response.ok) throw new ApiError(response.status, isJson ? answer : null);
    return { answer, response };
  }
}
