// What a viewer sees and does on the page.

import assert from 'node:assert/strict';
import { START, check, eventually, serve } from './harness.mjs';
import { shop } from './scenarios.mjs';

const HOUR_BEFORE = '2031-02-03T03:05:06.000Z';
const SECOND = 1000;

const cell = (page, table, column) => page.locator(`[role=row][data-key="dbo.${table}"] .cell-${column}`);
const path = (lab, id) => lab.pathOf('lab', id);

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
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  await lab.call('POST', `${await path(lab, id)}/startMirroring`);
  const page = await lab.open(`#/item/${id}`);
  await page.locator('.next-change').getByText('shop → Running').waitFor();
  await page.keyboard.press('.');
  await page.locator('.summary-row.is-database .status').getByText('Running').waitFor();
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
  await page.getByRole('button', { name: 'Stop', exact: true }).click({ force: true });
  await page.getByRole('status').getByText('go back to now first').waitFor();
  assert.equal(await page.locator('.look.dim').count(), 0);
  await page.keyboard.press('Escape');
  await eventually(() => rows.textContent(), (text) => text === before);
  assert.equal(await page.locator('.look').textContent(), '');
  assert.equal((await lab.call('POST', `${await path(lab, id)}/getMirroringStatus`)).body.status, 'Running');
});

check('a database is started from the list, and its tables are shown ahead but not before', async (lab) => {
  const { shop: id } = await lab.scenario({ ...shop(['Orders']), settings: { pace: 'realistic' } });
  await lab.control('POST', 'clock/advance', { seconds: 120 });
  const page = await lab.open();
  await page.locator('.look').getByText('Click or drag').waitFor();
  await page.locator('.note').getByRole('button', { name: 'Start' }).click();
  await page.goto(page.url().replace(/#.*|$/, `#/item/${id}`));
  await page.locator('.span-name.is-ahead').getByText('Running').waitFor();
  await page.getByRole('slider').press('PageDown');
  await cell(page, 'Orders', 'status').waitFor();
  await page.getByRole('slider').press('Home');
  await page.locator('.note').getByText('does not exist at this time').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.note').getByText('Mirroring is Starting').waitFor();
});

check('a fork stands at its instant, and says what it contains', async (lab) => {
  const { shop: id } = await lab.scenario({ ...shop(['Orders'], { runningSince: HOUR_BEFORE }), clock: { mode: 'real', now: START } });
  await lab.control('POST', 'trouble', { target: { item: id }, kind: 'databaseError', starts: { after: 3600 } });
  await lab.control('POST', 'faults', { effect: { delay: { seconds: 1 } }, when: { times: 1 } });
  const page = await lab.open(`#/item/${id}`);
  await page.locator('.crumb-tenant').click();
  await page.getByRole('button', { name: 'Fork this tenant' }).click();
  await page.getByRole('dialog').getByText('Database has an error: shop').waitFor();
  await page.getByRole('dialog').getByText('1 fault rule and its counters').waitFor();
  const name = `fork-${lab.tenant}`;
  await page.getByLabel('Name of the new tenant').fill(name);
  await page.getByRole('button', { name: 'Fork', exact: true }).click();
  await page.getByRole('link', { name: 'Open shop in the fork' }).click();
  await page.getByRole('heading', { name: 'shop', exact: true }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('tenant'), name);
  const fork = await (await fetch(`${lab.emulator.address}/_emulator/clock?tenant=${name}`)).json();
  assert.deepEqual([fork.mode, fork.paused], ['real', true]);
  assert.equal((await lab.control('GET', 'clock')).paused, false);
});

check('menus close at any click, and panes and badges move nothing', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders'], { runningSince: HOUR_BEFORE }));
  const page = await lab.open(`#/item/${id}`, { width: 1366, height: 768 });
  await page.locator('.grid-row').first().waitFor();
  await page.getByRole('button', { name: 'Pace fast' }).click();
  await page.getByRole('button', { name: 'realistic' }).click();
  await page.getByRole('button', { name: 'Pace realistic' }).waitFor();
  assert.equal((await lab.control('GET', 'settings')).pace, 'realistic');
  await page.locator('.jump-menu').click();
  await page.locator('#menu-jump .button').first().waitFor();
  const box = await page.locator('#axis').boundingBox();
  await page.mouse.click(box.x + box.width - 20, box.y + 10);
  await page.locator('.axis-flag.is-look').waitFor();
  await page.locator('#menu-jump').waitFor({ state: 'hidden' });
  await page.keyboard.press('Escape');
  const places = () => page.locator('.top .button, .tree, main h1, .tabs > a').evaluateAll((all) => all.map((each) => each.getBoundingClientRect().x));
  const before = await places();
  await lab.control('POST', 'trouble', { target: { item: id }, kind: 'databaseError' });
  await page.locator('.top .badge').getByText('1').waitFor();
  await page.keyboard.press('j');
  await page.locator('.dock').getByRole('tab', { name: 'Journal' }).waitFor();
  assert.deepEqual(await places(), before);
  await page.keyboard.press('Escape');
  const width = () => page.locator('#axis').evaluate((axis) => axis.clientWidth);
  const narrow = await width();
  await page.getByRole('button', { name: 'Wide lanes' }).click();
  await eventually(width, (wide) => wide > narrow + 200);
  await page.reload();
  await eventually(width, (wide) => wide > narrow + 200);
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
  const ids = await lab.scenario({ ...one, workspaces: HOSTILE.map((name) => ({ name, capacity: 'specularite', items: [{ ...item, name }] })) });
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

check('a fault that is added in the page makes the API fail', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders'], { runningSince: HOUR_BEFORE }));
  const page = await lab.open(`#/item/${id}`);
  await page.getByRole('button', { name: 'Add trouble' }).click();
  await page.getByRole('button', { name: /Answer with an error/ }).click();
  await page.getByLabel('Operation').selectOption('Mirroring_GetMirroringStatus');
  await page.getByLabel('Message', { exact: true }).fill('down');
  await page.getByLabel('Status', { exact: true }).fill('503');
  await page.getByRole('button', { name: 'Add the fault rule' }).click();
  await page.locator('.rule').getByText('Answer 503', { exact: true }).waitFor();
  await page.locator('.rule').getByText('not struck yet').waitFor();
  const status = `${await path(lab, id)}/getMirroringStatus`;
  const answer = await lab.call('POST', status);
  assert.deepEqual([answer.status, answer.body.errorCode, answer.body.message, answer.body.isRetriable], [503, 'ServiceUnavailable', 'down', true]);
  await page.locator('.rule').getByText('struck 1').waitFor();
  await page.getByRole('tab', { name: 'Journal' }).click();
  await page.locator('.exchange').first().click();
  assert.match(await page.locator('.exchange-details').innerText(), /Struck by/i);
});

check('planned trouble is seen ahead, and takes effect', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders', 'Returns'], { runningSince: HOUR_BEFORE }));
  const page = await lab.open(`#/item/${id}`);
  await page.getByRole('button', { name: 'Add trouble' }).click();
  await page.getByRole('button', { name: 'Table fails' }).click();
  await page.getByLabel('Table', { exact: true }).selectOption({ label: 'dbo.Returns' });
  await page.getByLabel('Starts', { exact: true }).selectOption({ label: 'in 1 minute' });
  await page.getByRole('button', { name: 'Plan the trouble' }).click();
  await page.locator('.lane .mark.ahead').waitFor();
  await page.locator('.next-change').getByText('dbo.Returns → Failed').waitFor();
  assert.equal(await page.locator('[data-key="dbo.Returns"] .span.fill-bad').count(), 1);
  await page.locator('.next-change').click();
  await cell(page, 'Returns', 'status').getByText('Failed').waitFor();
  const { body } = await lab.call('POST', `${await path(lab, id)}/getTablesMirroringStatus`);
  assert.equal(body.data.find((table) => table.sourceTableName === 'Returns').status, 'Failed');
});

check('an error tells its trouble, and trouble that was ended stays in sight', async (lab) => {
  const trouble = { target: { source: 'sql', table: { schemaName: 'dbo', tableName: 'Returns' } }, kind: 'tableFails' };
  const { shop: id } = await lab.scenario({ ...shop(['Orders', 'Returns'], { runningSince: HOUR_BEFORE }), trouble: [trouble] });
  await lab.control('POST', 'clock/advance', { seconds: 10 });
  const page = await lab.open(`#/item/${id}`);
  await cell(page, 'Returns', 'status').click();
  const cause = page.locator('.dock .rejection .cause');
  await cause.getByText('Caused by Table fails').waitFor();
  assert.equal(await page.locator('#button-trouble .badge').textContent(), '1');
  await page.locator('.summary-row.is-database .is-beside').waitFor();
  await cause.getByRole('button', { name: 'Table fails', exact: true }).click();
  await page.locator('.rule').getByText('active').waitFor();
  await page.getByRole('slider').press('ArrowLeft');
  await page.locator('.rule').getByText(/in 20 s, at 04:05:06/).waitFor();
  assert.match(await page.getByRole('button', { name: 'Stop', exact: true }).getAttribute('title'), /go back to now/);
  await page.keyboard.press('Escape');
  await page.locator('.note').getByRole('button', { name: 'End now: Table fails' }).click();
  for (const isReloaded of [false, true]) {
    if (isReloaded) await page.reload();
    if (isReloaded) await page.locator('#button-trouble').click();
    await page.locator('.rule').getByText(/ended at 04:05:16 after 10 s/).waitFor();
    await page.locator('.lane .force.is-closed').waitFor();
    await page.locator('#button-trouble .badge:not(.is-empty)').waitFor({ state: 'detached' });
    await page.locator('[data-key="dbo.Returns"] .span.fill-bad').waitFor();
  }
});

check('a start that trouble made fail tells its trouble', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders']));
  await lab.control('POST', 'trouble', { target: { item: id }, kind: 'startFails', ends: 'restart' });
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  await lab.call('POST', `${await path(lab, id)}/startMirroring`);
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  const page = await lab.open(`#/item/${id}`);
  await page.locator('.note .cause').getByText('Caused by Start fails').waitFor();
  assert.equal(await page.locator('.note').getByRole('link').count(), 0);
  assert.equal(await page.getByText('The source has not been read').count(), 1);
});

check('the form creates a database that runs', async (lab) => {
  await lab.scenario(shop(['Orders', 'Returns']));
  const page = await lab.open();
  await page.locator('main').getByRole('button', { name: 'New mirrored database' }).click();
  await page.getByLabel('Name', { exact: true }).fill('SHOP');
  await page.getByLabel('Source', { exact: true }).selectOption('AzureSqlDatabase');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('already in use').first().waitFor();
  await page.getByLabel('Name', { exact: true }).fill('second');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('heading', { name: 'second' }).waitFor();
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  await page.locator('.summary-row.is-database .status').getByText('Starting').waitFor();
  await lab.control('POST', 'clock/advance', { seconds: 600 });
  await page.locator('.summary-row.is-database .status').getByText('Running').waitFor();
  lab.complaints = lab.complaints.filter((complaint) => !/409|sources/.test(complaint));
});
