// A box that is started while its ERP is away, which waits longer and longer: beside the other faults, not after them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { launch, openPage } from '../support/browser.mjs';
import { startErp } from '../support/erp.mjs';
import { healthy, wallSays } from '../support/faults.mjs';
import { artefact } from '../support/paths.mjs';

test('a box that is started while its ERP is down says so, with what it had', async (t) => {
  const erp = await startErp();
  t.after(() => erp.stop());
  await erp.set({ fault: 'down' });
  const box = await startBox({}, { erp: erp.settings });
  t.after(() => box.stop());
  const browser = await launch();
  t.after(() => browser.close());
  const { page } = await openPage(browser);
  await page.goto(box.url);
  await wallSays(page, /No se llega al servidor del ERP/);
  assert.match(await page.textContent('.machines'), /Sin datos/);
  await page.screenshot({ path: artefact('fault-down-from-the-start.png') });
  await erp.set({ fault: 'none' });
  await healthy(page);
  assert.equal(await page.locator('.tile').count(), 3);
});
