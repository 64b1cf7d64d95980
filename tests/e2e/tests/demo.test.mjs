import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage, shown, SIZES } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { layoutFaults } from '../support/layout.mjs';
import { artefact } from '../support/paths.mjs';

for (const language of ['es', 'en']) {
  describe(`the demonstration in ${language}`, () => {
    let box;
    let browser;
    before(async () => {
      // Without the code that a TV without a name shows over it.
      box = await startBox({ language, demo: true }, { screens: { agent: false } });
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await box?.stop();
    });

    for (const [width, height] of SIZES) {
      test(`fits ${width}x${height}, in contrast, without a fault`, async () => {
        const { context, page, problems } = await openPage(browser, { width, height });
        await page.clock.install({ time: AFTERNOON });
        await page.goto(box.url);
        await drawn(page);
        await page.screenshot({ path: artefact(`demo-${language}-${width}x${height}.png`) });
        assert.deepEqual(await page.evaluate(layoutFaults), []);
        const contrast = await contrastFaults(page);
        assert.deepEqual(contrast.violations, []);
        assert.deepEqual(contrast.undecided, []);
        assert.ok(contrast.passed > 30, `${contrast.passed} texts were measured`);
        assert.deepEqual(problems, { console: [], uncaught: [] });
        await context.close();
      });
    }

    test('says that it is one', async () => {
      const { context, page } = await openPage(browser);
      await page.clock.install({ time: AFTERNOON });
      await page.goto(box.url);
      await drawn(page);
      assert.equal(await page.textContent('.demo-badge'), 'DEMO');
      assert.match(await page.textContent('.status'), language === 'es' ? /no son reales/ : /not real/);
      assert.equal(await page.getAttribute('html', 'lang'), language);
      assert.equal(await page.locator('.tile').count(), 8);
      await context.close();
    });

    test('lives, and shows the same on every TV', async () => {
      const pages = await Promise.all(
        [1, 2].map(async () => {
          const opened = await openPage(browser);
          await opened.page.clock.install({ time: AFTERNOON });
          await opened.page.goto(box.url);
          await drawn(opened.page);
          await opened.page.clock.pauseAt(new Date(AFTERNOON.getTime() + 60_000));
          return opened;
        }),
      );
      const pictures = () => Promise.all(pages.map(({ page }) => page.innerText('.main')));
      const [one, other] = await pictures();
      assert.equal(one, other);
      for (const { page } of pages) await page.clock.runFor(30 * 60_000);
      const [later] = await pictures();
      assert.notEqual(later, one);
      assert.equal(await pages[0].page.textContent('.time'), '15:03');
      for (const { context } of pages) await context.close();
    });
  });
}

describe('flashing', () => {
  let box;
  let browser;
  before(async () => {
    box = await startBox({ demo: true });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await box?.stop();
  });

  /** Every animation that runs, with how often a second it goes dark and bright again. */
  const flashes = (page) =>
    page.evaluate(() =>
      document.getAnimations().map((animation) => {
        const { duration } = animation.effect.getComputedTiming();
        const values = animation.effect.getKeyframes().map((frame) => Number(frame.opacity));
        const turns = values.slice(1).filter((value, i) => value < values[i]).length;
        return (Math.max(1, turns) * 1000) / duration;
      }),
    );

  test('is at most twice a second', async () => {
    const { context, page } = await openPage(browser);
    await page.clock.setFixedTime(AFTERNOON);
    await page.goto(box.url);
    await page.waitForSelector('[data-alert="CRITICAL"]');
    const rates = await flashes(page);
    assert.ok(rates.length > 0, 'a critical alert flashes');
    for (const rate of rates) assert.ok(rate <= 2, `${rate} flashes a second`);
    await context.close();
  });

  test('stops for whoever asked for less motion', async () => {
    const { context, page } = await openPage(browser, { reducedMotion: 'reduce' });
    await page.clock.setFixedTime(AFTERNOON);
    await page.goto(box.url);
    await page.waitForSelector('[data-alert="CRITICAL"]');
    assert.deepEqual(await flashes(page), []);
    await context.close();
  });
});
