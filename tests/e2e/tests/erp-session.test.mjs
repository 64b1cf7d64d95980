// What takes the box its time: changes, too many alerts, and sessions that no longer count.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shown } from '../support/browser.mjs';
import { describeFaults, picture, wallSays } from '../support/faults.mjs';
import { artefact } from '../support/paths.mjs';

const FAULTS = [
  { name: 'alerts of 8 MiB', set: { fault: 'many_alerts' }, says: /Alertas: datos de hace/, isUp: true },
  { name: 'one back end with another secret', set: { rotate_secret: 'one' } },
];

describeFaults('an ERP', FAULTS, (walls) => {
  test('whose machine changes is on the wall, without a customer', async () => {
    const { erp, page, old } = walls();
    assert.equal(await page.locator('.tile').count(), 3);
    await erp.set({ machines: { 'MCH-001': 'BROKEN' } });
    await page.waitForFunction(() => document.querySelectorAll('.tile.state-BROKEN').length === 2);
    await old.until("document.querySelectorAll('.tile.state-BROKEN').length === 2");
    const before = Number(await shown(page, 'completed'));
    await erp.set({ complete_orders: 2 });
    await page.waitForFunction((count) => document.querySelector('[data-value=completed]').textContent === String(count), before + 2);
    await page.waitForFunction(() => document.querySelector('[data-value=produced]').textContent === '2');
    await page.screenshot({ path: artefact('fault-none.png') });
    assert.match(await page.innerText('.alerts'), /ORD-|MCH-|Tubo|Plancha/);
    const everything = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify(localStorage));
    assert.doesNotMatch(everything, /Cliente/);
  });
});

// On a box of its own: one that has signed in again and again waits for minutes.
describeFaults('an ERP with another password', [], (walls) => {
  test('is said to refuse the box, and keeps its picture on the wall', async () => {
    const { erp, page, old } = walls();
    const before = await picture(page);
    await erp.set({ fault: 'login_refused', rotate_secret: 'all' });
    await wallSays(page, /no acepta el usuario o la contraseña/);
    assert.deepEqual(await picture(page), before);
    await page.screenshot({ path: artefact('fault-login-refused.png') });
    await old.screenshot(artefact('fault-login-refused-67.png'));
  });
});
