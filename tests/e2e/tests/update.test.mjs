// The section of the updates, on a box that `launch` has started and that a repository of the publisher's program leads
// from one version to another and back. tests/update/build-versions builds both.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, openPage } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { startBucket, startManaged } from '../support/managed.mjs';
import { artefact } from '../support/paths.mjs';

const WORDS = {
  es: { current: 'Está en marcha la versión 1.0.0, la que corresponde al canal stable.', held: 'Las actualizaciones automáticas están detenidas', upToDate: 'No hay nada que hacer: ya tiene la versión del canal.', wrong: '«nueve» no es una versión como 1.2.3.', fact: 'Actualización' },
  en: { current: 'Version 1.0.0 runs, which is the one of the channel stable.', held: 'Updates are on hold', upToDate: 'There is nothing to do: it is up to date.', wrong: '"nueve" is not a version such as 1.2.3', fact: 'Updates' },
};

for (const language of ['es', 'en']) {
  describe(`updates in ${language}`, () => {
    const words = WORDS[language];
    const lang = `?lang=${language}`;
    let bucket;
    let box;
    let browser;
    let page;
    let problems;
    const section = () => page.goto(`${box.url}_edge/admin/update${lang}`);
    const order = async (name) => {
      const [response] = await Promise.all([page.waitForNavigation(), page.click(`button[value=${name}]`)]);
      return response.status();
    };
    /** Logs in, and looks at the section until it says something: a restart ends the session. */
    const look = async (wanted) => {
      for (;;) {
        try {
          await section();
          if (await page.locator('#pin').count()) {
            await page.fill('#pin', box.pin());
            await Promise.all([page.waitForNavigation(), page.click('form button')]);
            await section();
          }
          if (wanted.test(await page.textContent('main, body'))) return;
        } catch (error) {
          if (!/ERR_CONNECTION|ERR_EMPTY|Timeout|Navigation/.test(String(error))) throw error;
        }
      }
    };
    const shot = (name) => page.screenshot({ path: artefact(`update-${name}-${language}.png`), fullPage: true });
    const isSound = async () => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      assert.deepEqual((await contrastFaults(page)).violations, []);
    };

    before(async () => {
      bucket = await startBucket();
      box = await startManaged(bucket, language);
      browser = await launch();
      ({ page, problems } = await openPage(browser));
    });
    after(async () => {
      await browser?.close();
      await box?.stop();
      bucket?.stop();
    });

    test('say what runs, and take orders', async () => {
      await look(new RegExp(words.current.replaceAll('.', '\\.')));
      await isSound();
      await shot('current');
      assert.equal(await page.locator('button[value=rollback]').count(), 0, 'there is nothing to go back to');
      assert.equal(await order('apply'), 200);
      assert.ok((await page.textContent('[role=alert]')).includes(words.upToDate));
      await shot('nothing');
      await section();
      await page.fill('#version', 'nueve');
      assert.equal(await order('pin'), 503);
      assert.ok((await page.textContent('[role=alert]')).includes(words.wrong));
      await section();
      await order('hold');
      assert.ok((await page.textContent('body')).includes(words.held));
      await isSound();
      await shot('held');
      await order('unpin');
      assert.ok(!(await page.textContent('body')).includes(words.held));
    });

    test('change the version, and take it back', async () => {
      bucket.publish('1.1.0');
      await section();
      assert.equal(await order('apply'), 200);
      assert.match(await page.textContent('body'), /1\.1\.0/);
      await shot('begun');
      await look(/1\.0\.0 → 1\.1\.0 .*(funciona|works)/);
      await isSound();
      await shot('changed');
      await page.goto(`${box.url}_edge/${lang}`);
      assert.ok((await page.textContent('body')).includes(words.fact));
      await page.screenshot({ path: artefact(`update-console-${language}.png`), fullPage: true });
      await look(/1\.1\.0/);
      await order('rollback');
      await look(/1\.1\.0 → 1\.0\.0 .*(funciona|works)/);
      await shot('back');
      assert.deepEqual(problems.uncaught, []);
    });
  });
}
