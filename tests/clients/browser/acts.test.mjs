// What a viewer copies, creates, loads and edits.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { check, eventually } from './harness.mjs';
import { shop } from './scenarios.mjs';

const run = promisify(execFile);
const DEFAULT_TENANT = '5bec0a12-0000-4000-8000-000000000001';
const HOSTILE = `it's "quoted"\n$HOME \`x\` \\ !!`;
const definition = (...parts) => ({ definition: { parts } });
const part = (value) => ({ path: 'mirroring.json', payloadType: 'InlineBase64', payload: Buffer.from(JSON.stringify(value)).toString('base64') });

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const copied = (page, isWanted) => eventually(() => clipboard(page), isWanted);

/** Runs the command in the clipboard as it is pasted. */
async function paste(page) {
  const command = await clipboard(page);
  const { stdout } = await run('bash', ['-c', command], { env: { PATH: process.env.PATH } });
  return { command, body: stdout && JSON.parse(stdout) };
}

const toast = (page, text) => page.locator('.toast').getByText(text).first().waitFor();

for (const isDefault of [false, true]) {
  check(`copied requests run in ${isDefault ? 'the default' : 'another'} tenant`, async (lab) => {
    if (isDefault) lab.use(DEFAULT_TENANT);
    await lab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const { shop: id } = await lab.scenario(shop(['Orders']));
    const page = await lab.open(`#/item/${id}`);
    const { body: made } = await lab.call('POST', '/v1/workspaces', { displayName: 'copied', description: HOSTILE });
    await lab.call('DELETE', `/v1/workspaces/${made.id}`);
    await page.getByRole('button', { name: 'Journal' }).click();
    await page.locator('.exchange', { hasText: 'POST' }).first().click();
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    await toast(page, 'TOKEN may hold an access token');
    const { body: again } = await paste(page);
    assert.equal(again.description, HOSTILE);
    assert.equal((await lab.call('GET', `/v1/workspaces/${again.id}`)).status, 200);
    for (const [label, operation, isExpected] of [
      ['Copy status request as curl', 'getMirroringStatus', ({ status }) => status === 'Initialized'],
      ['Copy tables status request as curl', 'getTablesMirroringStatus', ({ data }) => Array.isArray(data)],
    ]) {
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('button', { name: label }).click();
      await copied(page, (text) => text.includes(operation));
      const pasted = await paste(page);
      assert.ok(isExpected(pasted.body), JSON.stringify(pasted));
    }
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Copy id' }).click();
    await copied(page, (text) => text === id);
  }, { isOwn: isDefault });
}

check('the tree tells items from their endpoints, and the journal says why it is empty', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders'], { runningSince: '2031-02-03T03:05:06.000Z' }));
  const page = await lab.open(`#/item/${id}`);
  await lab.call('GET', '/v1/workspaces');
  await page.getByRole('link', { name: 'SQL analytics endpoint of shop' }).waitFor();
  await page.getByRole('button', { name: 'Journal' }).click();
  const tab = page.getByRole('tab', { name: 'Trouble' });
  const before = await tab.boundingBox();
  await tab.click();
  assert.deepEqual(await tab.boundingBox(), before);
  await page.getByRole('tab', { name: 'Journal' }).click();
  await page.locator('#journal-filter').fill('nothing');
  await page.getByText('No request matches the filter.').waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await page.locator('.exchange').waitFor();
  await page.getByRole('slider').press('PageUp');
  await page.getByText(/No request until .* The oldest one in the journal came at/).waitFor();
});

check('an automatic start is announced, survives a reload, and can be tried again', async (lab) => {
  await lab.scenario(shop(['Orders']));
  const page = await lab.open();
  await page.locator('main').getByRole('button', { name: 'New mirrored database' }).click();
  const name = page.getByLabel('Name', { exact: true });
  const said = page.locator('.request [role=status]');
  await said.getByText('Enter a name.').waitFor();
  await name.fill('SHOP');
  await page.getByText('Name is already in use').waitFor();
  await name.fill('');
  await page.getByText('Name is required.').waitFor();
  await name.fill('second');
  await said.getByText('No error found in the name and the definition').waitFor();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('Starts when Initialized').waitFor();
  await page.reload();
  await page.getByText('Starts when Initialized').waitFor();
  const answer = { status: 503, errorCode: 'ServiceUnavailable', message: 'down' };
  await lab.control('POST', 'faults', { match: { operation: 'Mirroring_StartMirroring', principal: 'page' }, when: { times: 1 }, effect: { answer } });
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  await page.locator('.note').getByText('503 ServiceUnavailable').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.summary-row.is-database .status').getByText('Starting').waitFor();
  assert.equal(await page.getByText('Starts when Initialized').count(), 0);
  lab.complaints = lab.complaints.filter((complaint) => !/503|sources/.test(complaint));
});

check('a wrong file is explained, and changes nothing', async (lab) => {
  await lab.scenario(shop(['Orders']));
  const page = await lab.open();
  const file = (name, text) => ({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  const load = async (field, button, chosen) => {
    await page.locator(field).setInputFiles(chosen);
    await page.getByRole('button', { name: button, exact: true }).click();
    return page.locator('.rejection');
  };
  await page.getByRole('button', { name: /^Tenant/ }).click();
  await page.getByRole('button', { name: 'Load a scenario…' }).click();
  await page.getByLabel('Reset the tenant first').check();
  const scenario = (name, text) => load('#scenario-file', 'Load', file(name, text));
  await (await scenario('broken.json', '{"format": 1,\n "workspaces": [{]}')).getByText('broken.json is not JSON. Line 2, column 18.').waitFor();
  await (await scenario('member.json', '{"format": 1, "workspaces": [{}]}')).getByText('the member workspaces[0].name is missing').waitFor();
  const snapshot = await lab.control('GET', 'snapshot');
  await (await scenario('other.json', JSON.stringify(snapshot))).getByText('is a snapshot, not a scenario').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.tree-item').getByText('shop', { exact: true }).waitFor();
  await page.getByRole('button', { name: /^Tenant/ }).click();
  await page.getByRole('button', { name: 'Load a snapshot…' }).click();
  const replace = (name, value) => load('#snapshot-file', 'Replace the tenant', file(name, JSON.stringify(value)));
  await (await replace('half.json', { format: 1, clock: snapshot.clock })).getByText('the member counters is missing').waitFor();
  await replace('whole.json', snapshot);
  await toast(page, 'whole.json is loaded. The clock shows 04:05:06');
  lab.complaints = lab.complaints.filter((complaint) => !/400/.test(complaint));
});

check('a definition that another client changes is announced, and edits stay', async (lab) => {
  const { shop: id } = await lab.scenario(shop(['Orders']));
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  const page = await lab.open(`#/item/${id}/definition`);
  const text = page.getByLabel('mirroring.json');
  await eventually(() => text.inputValue(), (value) => value.includes('"defaultSchema": "dbo"'));
  const original = JSON.parse(await text.inputValue());
  const withRetention = (days) => {
    const changed = structuredClone(original);
    changed.properties.target.typeProperties.retentionInDays = days;
    return changed;
  };
  const update = async (days) => {
    const { status } = await lab.call('POST', `${await lab.pathOf('lab', id)}/updateDefinition`, definition(part(withRetention(days))));
    assert.equal(status, 200);
  };
  await update(2);
  await page.getByText('Another client changed the definition').waitFor();
  await page.getByRole('button', { name: 'Reload' }).click();
  await eventually(() => text.inputValue(), (value) => /"retentionInDays": 2/.test(value));
  const edited = JSON.stringify(withRetention(3));
  await text.fill(edited);
  await update(4);
  await page.getByText('Another client changed the definition').waitFor();
  assert.equal(await text.inputValue(), edited);
  await page.getByRole('button', { name: 'Keep my edits' }).click();
  await lab.control('PATCH', 'settings', { behaviours: { updateDefinition: '202' } });
  await page.getByText('202').first().waitFor();
  await page.getByRole('button', { name: 'Update definition' }).click();
  await page.getByText('its operation is running').waitFor();
  await lab.control('POST', 'clock/advance', { seconds: 60 });
  await toast(page, 'The definition is updated');
  assert.equal(await page.getByText('Another client changed the definition').count(), 0);
});
