// What a viewer sees and does on the page.

import assert from 'node:assert/strict';
import { START, check, eventually, serve } from './harness.mjs';
import { shop } from './scenarios.mjs';

const HOUR_BEFORE = '2031-02-03T03:05:06.000Z';
const SECOND = 1000;

const cell = (page, table, column) => page.locator(`[role=row][data-key="dbo.${table}"] .cell-${column}`);
const path = async (lab, id) => {
  const { body } = await lab.call('GET', '/v1/workspaces');
  const workspace = body.value.find((each) => each.displayName === 'lab');
  return `/v1/workspaces/${workspace.id}/mirroredDatabases/${id}`;
};

check('a start through the API is shown within a second', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders']));
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  const page = await lab.open(`#/item/${id}`);
  const shown = page.locator('.summary-row.is-database .status');
  await shown.getByText('Initialized').waitFor();
  const answer = await lab.call('POST', `${await path(lab, id)}/startMirroring`);
  assert.equal(answer.status, 200);
  await shown.getByText('Starting').waitFor({ timeout: SECOND });
});

check('time that is moved in the page changes statuses', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders']));
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  await lab.call('POST', `${await path(lab, id)}/startMirroring`);
  const page = await lab.open(`#/item/${id}`);
  await page.getByRole('button', { name: '+1 h' }).click();
  await page.locator('.summary-row.is-database .status').getByText('Running').waitFor();
  assert.equal(await cell(page, 'Orders', 'api').textContent(), 'Replicating');
  const { body } = await lab.call('POST', `${await path(lab, id)}/getMirroringStatus`);
  assert.equal(body.status, 'Running');
});

check('the next change is announced, and one press goes there', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders']));
  const page = await lab.open(`#/item/${id}`);
  await page.locator('.next-change').getByText('Initialized').waitFor();
  await page.locator('main').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('.');
  await page.locator('.summary-row.is-database .status').getByText('Initialized').waitFor();
});

check('a look at the past shows the figures of then', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders'], { runningSince: HOUR_BEFORE }));
  const page = await lab.open(`#/item/${id}`);
  const rows = cell(page, 'Orders', 'rows');
  const before = await eventually(() => rows.textContent(), (text) => /\d/.test(text));
  await page.getByRole('slider', { name: 'Look at another time' }).focus();
  await page.keyboard.press('PageUp');
  const then = await eventually(() => rows.textContent(), (text) => text !== before);
  const at = await page.locator('.axis-flag.is-look').textContent();
  const day = START.slice(0, 10);
  const timeline = await lab.control('GET', `timeline?item=${id}&at=${day}T${at}Z`);
  const { processedRows } = timeline.tables.value[0].metrics;
  assert.ok(Math.abs(Number(then.split(' ')[0].replaceAll(',', '')) - processedRows) < 10, `${then} is not about ${processedRows}`);
  assert.ok(await page.getByRole('button', { name: 'Stop' }).isDisabled());
  await page.keyboard.press('Escape');
  await eventually(() => rows.textContent(), (text) => text === before);
});

check('a thousand tables are shown and filtered within a second', async (lab) => {
  const names = Array.from({ length: 1000 }, (_, index) => `Table${String(index).padStart(4, '0')}`);
  const { shop: id } = await lab.scenario(shop(names, { runningSince: HOUR_BEFORE }));
  const page = await lab.open();
  await page.getByRole('link', { name: 'shop' }).first().waitFor();
  const measured = await page.evaluate(async (hash) => {
    const until = async (isDone) => {
      const began = performance.now();
      while (!isDone()) {
        if (performance.now() - began > 10000) return Infinity;
        await new Promise(requestAnimationFrame);
      }
      return performance.now() - began;
    };
    const said = () => document.querySelector('.tools-count')?.textContent;
    location.hash = hash;
    const shown = await until(() => said() === '1,000 tables' && document.querySelectorAll('.grid-row').length > 5);
    const filter = document.getElementById('filter');
    filter.value = 'table09';
    filter.dispatchEvent(new Event('input', { bubbles: true }));
    return { shown, filtered: await until(() => said() === '100 of 1,000 tables') };
  }, `#/item/${id}`);
  console.log(`1,000 tables: shown after ${measured.shown.toFixed(0)} ms, filtered after ${measured.filtered.toFixed(0)} ms`);
  assert.ok(measured.shown < SECOND && measured.filtered < SECOND, JSON.stringify(measured));
  assert.ok((await page.locator('.grid-row').count()) < 60);
});

check('a lost emulator is shown, and recovered from', async (lab) => {
  await lab.scenario(shop(['Orders']));
  const page = await lab.open();
  lab.emulator.process.kill('SIGKILL');
  await page.getByText('The emulator does not answer').waitFor();
  const again = await serve(lab.emulator.address.replace('http://', ''));
  lab.emulator.process = again.process;
  await page.getByText('The emulator does not answer').waitFor({ state: 'detached' });
  await page.getByText('No mirrored database yet').waitFor();
  lab.complaints = lab.complaints.filter((complaint) => !complaint.includes('ERR_'));
}, { isOwn: true });

const HOSTILE = ['<img src=x onerror="document.title=1">', '\u202Etxt.exe', '</script><script>alert(1)</script>', 'x'.repeat(123)];

check('hostile names are shown as text', async (lab) => {
  const one = shop(HOSTILE.map((name) => name.padEnd(128, 'y').slice(0, 128)), { runningSince: HOUR_BEFORE });
  const [item] = one.workspaces[0].items;
  const ids = await lab.scenario({ ...one, workspaces: HOSTILE.map((name) => ({ name, items: [{ ...item, name }] })) });
  const page = await lab.open();
  for (const name of HOSTILE) await page.locator('.tree-group').getByText(name, { exact: true }).waitFor();
  const hrefs = await page.locator('.grid-row a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  assert.equal(hrefs.length, HOSTILE.length, Object.keys(ids).join());
  for (const href of hrefs) {
    await page.goto(page.url().replace(/#.*|$/, href));
    await page.locator('.grid-row').nth(HOSTILE.length - 1).waitFor();
    assert.equal(await page.locator('img, main script').count(), 0);
  }
  const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.ok(!isWide, 'the page scrolls sideways');
});
