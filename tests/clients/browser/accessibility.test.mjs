// axe-core on every view, in light and dark.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { check } from './harness.mjs';
import { shop } from './scenarios.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const HOUR_BEFORE = '2031-02-03T03:05:06.000Z';
const SERIOUS = new Set(['serious', 'critical']);

/** The views, and how they are reached from the page of an item. */
const VIEWS = [
  ['Monitor replication', async () => {}],
  ['all databases', (page) => page.locator('.brand').click()],
  ['looking back', (page) => page.getByRole('slider').press('PageUp')],
  ['a table', (page) => page.locator('.grid-row').first().click()],
  ['journal', (page) => page.locator('#button-journal').click()],
  ['trouble', (page) => page.locator('#button-trouble').click()],
  ['menu of trouble', (page) => page.getByRole('button', { name: 'Add trouble' }).click()],
  ['definition', (page) => page.getByRole('link', { name: 'Definition' }).click()],
  ['create', (page) => page.locator('.tree').getByRole('button').click()],
  ['fork', (page) => page.locator('.crumb-tenant').click().then(() => page.getByRole('button', { name: 'Fork this tenant' }).click())],
  ['keys', (page) => page.getByRole('button', { name: 'Keys and help' }).click()],
];

for (const theme of ['light', 'dark']) {
  check(`views are accessible in ${theme}`, async (lab) => {
    const { shop: id } = await lab.scenario({
      ...shop(['Orders', 'Returns'], { runningSince: HOUR_BEFORE }),
      trouble: [{ target: { source: 'sql', table: { schemaName: 'dbo', tableName: 'Returns' } }, kind: 'tableFails' }],
    });
    for (const [view, reach] of VIEWS) {
      const page = await lab.open(`#/item/${id}`, { theme });
      await page.locator('.grid-row').first().waitFor();
      await reach(page);
      await page.waitForTimeout(200);
      // The policy of the page forbids scripts that are added to it; those of the debugger run.
      await page.evaluate(readFileSync(AXE, 'utf8'));
      const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
      const serious = violations.filter(({ impact }) => SERIOUS.has(impact));
      assert.deepEqual(serious.map(({ id: rule, nodes }) => [view, rule, nodes[0].html]), []);
      await page.close();
    }
  });
}
