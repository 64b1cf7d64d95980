// An ERP that cannot be reached, or does not answer whole or in time: what the wall shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { launch, openPage } from '../support/browser.mjs';
import { startErp } from '../support/erp.mjs';
import { describeFaults, healthy, wallSays } from '../support/faults.mjs';
import { artefact } from '../support/paths.mjs';

describeFaults('an ERP that is hard to reach', [
  { name: 'down', set: { fault: 'down' }, says: /Datos de hace \d+ s\. No se llega al servidor del ERP/ },
  { name: 'cut', set: { fault: 'reset' }, says: /se corta antes de terminar|No se llega al servidor del ERP/ },
  { name: 'silent', set: { fault: 'hang' }, says: /no responde a tiempo/ },
  { name: 'slow', set: { fault: { name: 'slow', ms: 4000 } }, says: /El ERP tarda en responder/, isUp: true },
  { name: 'hanging after the head', set: { fault: 'hang_after_head' }, says: /no responde a tiempo/ },
  { name: 'truncated', set: { fault: 'truncated' }, says: /se corta antes de terminar/ },
]);

test('an ERP whose certificate expires keeps its picture on the wall', async (t) => {
  const erp = await startErp('--tls');
  t.after(() => erp.stop());
  const box = await startBox({}, { erp: erp.settings, outbound: erp.outbound });
  t.after(() => box.stop());
  const browser = await launch();
  t.after(() => browser.close());
  const { page } = await openPage(browser);
  await page.goto(box.url);
  await healthy(page);
  await erp.set({ certificate: 'expired' });
  await wallSays(page, /El certificado del ERP no vale/);
  assert.equal(await page.locator('.tile').count(), 3);
  await page.screenshot({ path: artefact('fault-expired-tls.png') });
  await erp.set({ certificate: 'valid' });
  await healthy(page);
});
