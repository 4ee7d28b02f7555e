// Makes the picture in README from the running program: node picture.mjs FILE. SPECULARITE names the program.

import { chromium } from 'playwright-core';
import { CHROMIUM, FLAGS, Lab, serve } from './harness.mjs';
import { shop } from './scenarios.mjs';

const NAMES = ['Accounts', 'Addresses', 'Carriers', 'Customers', 'Invoices', 'Orders', 'Payments', 'Products', 'Returns', 'Shipments', 'Suppliers', 'Warehouses'];
const ROWS = [39_610, 2_938_000, 8_440, 1_210_000, 4_083_000, 6_120_000, 2_264_000, 84_530, 13_970, 1_135_000, 5_770, 240];
// The default tenant.
const TENANT = '5bec0a12-0000-4000-8000-000000000001';
const NOW = '2031-02-03T09:41:30.000Z';
const TABLE = (tableName) => ({ source: 'sql', table: { schemaName: 'dbo', tableName } });

const emulator = await serve();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
try {
  const lab = new Lab(await browser.newContext({ deviceScaleFactor: 1.5 }), emulator, TENANT);
  const tenant = shop(NAMES, { name: 'erp-core', workspace: 'Sales analytics' });
  tenant.sources[0].tables = tenant.sources[0].tables.map((table, index) => ({ ...table, rows: ROWS[index], rowsPerSecond: ROWS[index] / 300_000 }));
  const { 'erp-core': id } = await lab.scenario({
    ...tenant,
    clock: { mode: 'manual', now: '2031-02-03T09:23:00Z' },
    settings: { pace: 'realistic' },
    trouble: [
      { target: TABLE('Payments'), kind: 'tableFails', starts: { after: 600 }, error: { errorCode: 'SourceTableNotFound', message: 'The source table does not exist.' } },
      { target: TABLE('Customers'), kind: 'reseed', starts: { at: '2031-02-03T09:43:20Z' } },
    ],
  });
  const path = await lab.pathOf('Sales analytics', id);
  await lab.control('POST', 'clock/advance', { until: { mirroredDatabase: id, status: 'Initialized' }, timeoutSeconds: 600 });
  await lab.call('POST', `${path}/startMirroring`);
  for (let minute = 0; minute < 10; minute += 1) {
    await lab.control('POST', 'clock/advance', { seconds: 60 });
    await lab.call('POST', `${path}/getMirroringStatus`);
    await lab.call('POST', `${path}/getTablesMirroringStatus`);
  }
  await lab.control('POST', 'clock', { now: NOW });
  const page = await lab.open(`#/item/${id}`, { height: 820 });
  await page.locator('.grid-row').nth(NAMES.length - 1).waitFor();
  await page.waitForTimeout(1000);
  await page.screenshot({ path: process.argv[2] });
} finally {
  await browser.close();
  emulator.process.kill();
}
