// The page in a real browser: an emulator of its own, Chromium, and a tenant for each test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const PROGRAM = process.env.SPECULARITE;
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const USER = '5bec0a12-0000-4000-8000-000000000002';
export const START = '2031-02-03T04:05:06.000Z';

let shared;
let browser;

/** Starts what the tests of a file share. */
function share() {
  if (shared) return;
  before(async () => {
    [shared, browser] = await Promise.all([serve(), chromium.launch({ executablePath: CHROMIUM, args: FLAGS })]);
  });
  after(async () => {
    await browser.close();
    shared.process.kill('SIGKILL');
  });
  shared = 'starting';
}

/** Starts an emulator. */
export async function serve(address = '127.0.0.1:0') {
  const child = spawn(PROGRAM, ['serve', '--listen', address], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { process: child, address: line.replace('specularite is listening on ', '') };
}

/** A tenant of its own, as a client and in the browser. */
export class Lab {
  constructor(context, emulator, tenant) {
    Object.assign(this, { context, emulator, complaints: [] });
    this.use(tenant);
  }

  /** Calls and shows another tenant from now on. */
  use(tenant) {
    this.tenant = tenant;
    const claims = Buffer.from(JSON.stringify({ oid: USER, tid: tenant, idtyp: 'user' })).toString('base64url');
    this.token = `eyJhbGciOiJub25lIn0.${claims}.`;
  }

  /** Calls the API as a client. Returns the answer with its body parsed. */
  async call(method, path, body) {
    const isControl = path.startsWith('/_emulator');
    const url = new URL(path, this.emulator.address);
    if (isControl) url.searchParams.set('tenant', this.tenant);
    const headers = { 'Content-Type': 'application/json', ...(isControl ? {} : { Authorization: `Bearer ${this.token}` }) };
    const response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  async control(method, path, body) {
    const { status, body: answer } = await this.call(method, `/_emulator/${path}`, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Loads a scenario. Returns the ids of its items by name. */
  async scenario(document) {
    const answer = await this.control('POST', 'scenario', { format: 1, clock: { mode: 'manual', now: START }, ...document });
    return Object.fromEntries(Object.entries(answer.items).map(([name, id]) => [name.split('/').at(-1), id]));
  }

  /** The path of a mirrored database in the workspace with this name. */
  async pathOf(workspace, id) {
    const { body } = await this.call('GET', '/v1/workspaces');
    return `/v1/workspaces/${body.value.find(({ displayName }) => displayName === workspace).id}/mirroredDatabases/${id}`;
  }

  /** Opens the page at a place such as `#/item/…`. */
  async open(hash = '', { theme = 'light', width = 1440, height = 900 } = {}) {
    const page = await this.context.newPage();
    await page.setViewportSize({ width, height });
    page.on('console', (message) => message.type() === 'error' && this.complaints.push(`${message.text()} ${message.location().url}`));
    page.on('pageerror', (error) => this.complaints.push(error.stack));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (origin !== this.emulator.address && protocol !== 'blob:') this.complaints.push(`a request to ${request.url()}`);
    });
    await page.goto(`${this.emulator.address}/?tenant=${this.tenant}&theme=${theme}${hash}`);
    await page.locator('.head, .empty').first().waitFor();
    return page;
  }
}

/** A test with a tenant whose clock stands. The page must not complain, nor ask another host. */
export function check(name, body, { isOwn = false } = {}) {
  share();
  test(name, async () => {
    const emulator = isOwn ? await serve() : shared;
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const lab = new Lab(context, emulator, randomUUID());
    try {
      await body(lab);
      assert.deepEqual(lab.complaints, []);
    } finally {
      await context.close();
      if (isOwn) emulator.process.kill('SIGKILL');
    }
  });
}

/** Waits until `read` returns a value that `isWanted` accepts. */
export async function eventually(read, isWanted, milliseconds = 5000) {
  const end = performance.now() + milliseconds;
  for (;;) {
    const value = await read();
    if (isWanted(value)) return value;
    assert.ok(performance.now() < end, `still ${JSON.stringify(value)} after ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
