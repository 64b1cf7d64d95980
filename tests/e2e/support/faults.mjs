// The real box and an ERP with a fault.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBox } from './box.mjs';
import { launch, openPage } from './browser.mjs';
import { openEngine } from './engines.mjs';
import { startErp } from './erp.mjs';
import { layoutFaults } from './layout.mjs';
import { artefact } from './paths.mjs';

/** Waits for what the foot of the wall says. */
export const wallSays = (page, pattern) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.querySelector('.footer')?.textContent ?? ''),
    pattern.source,
  );

/** What a person sees of the figures, without the alerts that take turns. */
export const picture = (page) =>
  page.evaluate(() => [...document.querySelectorAll('[data-value], .tile, .alerts .count')].map((one) => one.textContent));

/** Waits for a wall of which nothing is old. */
export async function healthy(page) {
  await wallSays(page, /^Datos al día/);
  await page.waitForSelector('.badge, [data-late], .slow', { state: 'detached' });
}

/**
 * An ERP with one fault after another, and what the wall shows: on a current Chromium and on one of 2018. A fault is
 * `{name, set, says, isUp}`; without `says` it is none that a wall has to speak of.
 */
export function describeFaults(title, faults, more = () => {}) {
  describe(title, () => {
    let erp;
    let box;
    let browser;
    let old;
    let page;
    let problems;
    before(async () => {
      erp = await startErp();
      box = await startBox({}, { erp: erp.settings });
      browser = await launch();
      old = await openEngine('67');
      ({ page, problems } = await openPage(browser));
      await page.goto(box.url);
      await old.goto(box.url);
      await healthy(page);
    });
    after(async () => {
      await old?.close();
      await browser?.close();
      await box?.stop();
      await erp?.stop();
    });

    for (const { name, set, says, isUp } of faults) {
      test(`${name}: keeps its picture on the wall`, async () => {
        await erp.set({ fault: 'none' });
        await healthy(page);
        const before = await picture(page);
        await erp.set(set);
        if (says) {
          await wallSays(page, says);
          await old.until(`${says}.test(document.querySelector('.footer').textContent)`);
        } else {
          // Answered by both back ends, many times over.
          const count = async () => (await erp.log()).length;
          const from = await count();
          while ((await count()) < from + 40) await page.waitForTimeout(500);
        }
        assert.equal(await page.locator('[data-badge="erp"]').count(), says && !isUp ? 1 : 0);
        assert.equal(await page.locator('[data-badge="box"]').count(), 0);
        assert.deepEqual(await picture(page), before);
        assert.deepEqual(await page.evaluate(layoutFaults), []);
        const file = `fault-${name.replace(/\W+/g, '-')}`;
        await page.screenshot({ path: artefact(`${file}.png`) });
        await old.screenshot(artefact(`${file}-67.png`));
        await erp.set({ fault: 'none', ...(set.rotate_secret ? { rotate_secret: 'done' } : {}) });
        await healthy(page);
        assert.deepEqual([problems, old.faults], [{ console: [], uncaught: [] }, []]);
      });
    }

    more(() => ({ erp, page, old }));
  });
}
