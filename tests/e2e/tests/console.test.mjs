import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { launch, openPage } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { openEngine } from '../support/engines.mjs';
import { cssFaults, es5Fault } from '../support/gates.mjs';
import { artefact, here } from '../support/paths.mjs';
import { scan } from '../support/scan.mjs';

const SIZES = [
  [1920, 1080],
  [1280, 720],
  [1280, 623],
  [390, 844],
];
const WORDS = {
  es: { lang: 'es', type: 'En el televisor, escriba', well: 'Todo bien', ill: 'Funciona, pero conviene revisarlo', other: 'English', fault: /Se sirve lo último que funcionó/, lost: /no responde/ },
  en: { lang: 'en', type: 'On the TV, type', well: 'All is well', ill: 'Works, but somebody should look', other: 'Español', fault: /What worked last is served/, lost: /does not answer/ },
};

/** Whether everything is to be read: nothing sticks out of the picture, of its card or of its own box. ES5: old engines run it. */
const layout = `(function () {
  var faults = [], wide = innerWidth > 900, rim = wide ? 0.048 : 0;
  if (document.documentElement.scrollWidth > innerWidth) faults.push('scrolls sideways');
  [].slice.call(document.querySelectorAll('.name,.product,.state,h2,.first,.first a,.other,.code svg,.fault,dt,dd,.footer a')).forEach(function (element) {
    var box = element.getBoundingClientRect();
    var label = element.className + ' ' + element.textContent.slice(0, 30);
    if (box.width < 5 || box.height < 5) faults.push('nothing to see: ' + label);
    if (box.left < innerWidth * rim - 1 || box.right > innerWidth * (1 - rim) + 1) faults.push('on the rim: ' + label);
    if (box.top < innerHeight * rim - 1) faults.push('above the rim: ' + label);
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline') faults.push('cut off: ' + label);
  });
  var code = document.querySelector('.code').getBoundingClientRect();
  var address = document.querySelector('.first a').getBoundingClientRect();
  if (wide && address.right > code.left) faults.push('the address runs into the code');
  if (wide && parseFloat(getComputedStyle(document.querySelector('.host')).fontSize) < innerHeight * 0.09) faults.push('the address is small');
  return faults;
})()`;

/** A site that can be broken and mended while it is served. */
function fragileSite() {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  const site = join(folder, 'site');
  const mend = () => {
    mkdirSync(site);
    writeFileSync(join(site, 'index.html'), '<!doctype html><title>x</title>');
  };
  mend();
  return {
    site,
    mend,
    break: () => rmSync(site, { recursive: true }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const console_ = (box, query = '') => `${box.url}_edge/${query}`;
const text = (page, selector) => page.textContent(selector);
const shows = (page, selector, words) =>
  page.waitForFunction(([where, wanted]) => (document.querySelector(where)?.textContent ?? '').includes(wanted), [selector, words]);

for (const language of ['es', 'en']) {
  describe(`the console in ${language}`, () => {
    const words = WORDS[language];
    let box;
    let browser;
    before(async () => {
      box = await startBox({ language, demo: true });
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await box?.stop();
    });

    for (const [width, height] of SIZES) {
      test(`can be read and scanned at ${width}x${height}, in contrast, without a fault`, async () => {
        const { context, page, problems } = await openPage(browser, { width, height, locale: 'fr-FR' });
        await page.goto(console_(box));
        assert.equal(await page.getAttribute('html', 'lang'), words.lang);
        assert.equal(await text(page, 'h2'), words.type);
        assert.equal(await text(page, '.state'), words.well);
        assert.deepEqual(await page.evaluate(layout), []);
        const file = artefact(`console-${language}-${width}x${height}.png`);
        await page.screenshot({ path: file, fullPage: true });
        const address = await text(page, '.first');
        assert.equal(address, box.url.replace(/\/$/, ''));
        assert.equal(scan(file), address);
        const contrast = await contrastFaults(page);
        assert.deepEqual(contrast.violations, []);
        assert.ok(contrast.passed > 10, `${contrast.passed} texts were measured`);
        assert.deepEqual(problems, { console: [], uncaught: [] });
        await context.close();
      });
    }

    test('says the same as status.json', async () => {
      const { context, page } = await openPage(browser);
      await page.goto(console_(box));
      const status = await (await fetch(console_(box, 'status.json'))).json();
      assert.equal(await text(page, '.first'), status.addresses[0].url);
      assert.equal(await text(page, '[data-fact=id] dd'), status.id);
      assert.ok((await text(page, '[data-fact=version] dd')).startsWith(`${status.version} (${status.build.commit},`));
      assert.equal(await page.locator('[data-fact=certificate]').count(), 0, 'HTTPS is off, so nothing is shown of it');
      await context.close();
    });

    test("speaks the browser's language before its own", async () => {
      const other = WORDS[language === 'es' ? 'en' : 'es'];
      const { context, page } = await openPage(browser, { locale: other.lang === 'es' ? 'es-MX' : 'en-GB' });
      await page.goto(console_(box));
      assert.equal(await page.getAttribute('html', 'lang'), other.lang);
      assert.equal(await text(page, 'h2'), other.type);
      await page.goto(console_(box, 'admin'));
      assert.equal(await page.getAttribute('html', 'lang'), other.lang);
      await context.close();
    });

    test('offers the other language', async () => {
      const { context, page } = await openPage(browser, { locale: 'fr-FR' });
      await page.goto(console_(box));
      const other = WORDS[language === 'es' ? 'en' : 'es'];
      await page.click(`text=${words.other}`);
      await shows(page, 'h2', other.type);
      assert.equal(await page.getAttribute('html', 'lang'), other.lang);
      // And keeps it when something changes.
      assert.match(await page.getAttribute('#console', 'data-fragment'), new RegExp(`lang=${other.lang}`));
      await context.close();
    });
  });
}

describe('a console that stays open', () => {
  let shop;
  let box;
  let browser;
  before(async () => {
    shop = fragileSite();
    box = await startBox({ language: 'es', demo: true }, { site: shop.site });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await box?.stop();
    shop?.remove();
  });

  const feeds = {
    // Without timers only an event can bring the news.
    'by events': () => {
      window.setTimeout = () => 0;
    },
    // Without events only the timer can, here a hundred times as often.
    'by polling, where there are no events': () => {
      delete window.EventSource;
      const { setTimeout } = window;
      window.setTimeout = (run, milliseconds) => setTimeout.call(window, run, milliseconds / 100);
    },
  };
  for (const [how, prepare] of Object.entries(feeds)) {
    test(`learns what has changed ${how}`, async () => {
      const { context, page, problems } = await openPage(browser, { locale: 'es-ES' });
      await page.addInitScript(prepare);
      await page.goto(console_(box));
      await shows(page, '.state', WORDS.es.well);
      shop.break();
      await shows(page, '.state', WORDS.es.ill);
      assert.match(await text(page, '.fault'), WORDS.es.fault);
      assert.deepEqual(await page.evaluate(layout), []);
      await page.screenshot({ path: artefact(`console-fault-${how.split(' ')[1].replace(',', '')}.png`) });
      shop.mend();
      await shows(page, '.state', WORDS.es.well);
      assert.equal(await page.locator('.fault').count(), 0);
      assert.deepEqual(problems, { console: [], uncaught: [] });
      await context.close();
    });
  }

  test('says that the box is gone, and follows it when it is back', async () => {
    const first = await startBox({ language: 'es', demo: true });
    const { context, page, problems } = await openPage(browser, { locale: 'es-ES' });
    await page.goto(console_(first));
    assert.equal(await page.isVisible('#lost'), false);
    await first.stop();
    await page.waitForSelector('#lost', { state: 'visible' });
    assert.match(await text(page, '#lost'), WORDS.es.lost);
    // The last that was known stays.
    assert.equal(await text(page, '.first'), first.url.replace(/\/$/, ''));
    const second = await startBox({ language: 'es', demo: true }, { at: first.port });
    await page.waitForSelector('#lost', { state: 'hidden' });
    assert.deepEqual(problems.uncaught, []);
    await context.close();
    await second.stop();
  });

  test('loads itself again when another version answers, once', async () => {
    const { context, page } = await openPage(browser, { locale: 'es-ES' });
    let loads = 0;
    page.on('load', () => (loads += 1));
    await page.goto(console_(box));
    const reloaded = page.waitForEvent('load');
    const another = async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(/data-running="[^"]*"/, 'data-running="another"');
      await route.fulfill({ response, body });
    };
    await page.route(/fragment=1/, another, { times: 1 });
    shop.break();
    await reloaded;
    assert.equal(loads, 2);
    shop.mend();
    await shows(page, '.state', WORDS.es.well);
    assert.equal(loads, 2);
    await context.close();
  });
});

describe('the console in Chromium 64', () => {
  let shop;
  let box;
  let engine;
  before(async () => {
    shop = fragileSite();
    box = await startBox({ language: 'es', demo: true }, { site: shop.site });
    engine = await openEngine('64');
  });
  after(async () => {
    await engine?.close();
    await box?.stop();
    shop?.remove();
  });

  for (const [width, height] of SIZES.filter(([width]) => width > 900)) {
    test(`can be read and scanned at ${width}x${height}`, async () => {
      await engine.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      await engine.goto(console_(box, '?lang=es'));
      await engine.until(`innerWidth === ${width}`);
      assert.deepEqual(await engine.value(layout), []);
      const file = artefact(`console-64-${width}x${height}.png`);
      await engine.screenshot(file);
      assert.equal(scan(file), await engine.value(`document.querySelector('.first').textContent`));
      assert.deepEqual(engine.faults, []);
    });
  }

  test('is live', async () => {
    await engine.goto(console_(box, '?lang=es'));
    await engine.until(`document.querySelector('.state') && document.querySelector('.state').textContent === '${WORDS.es.well}'`);
    shop.break();
    await engine.until(`document.querySelector('.state').textContent === '${WORDS.es.ill}'`);
    shop.mend();
    await engine.until(`document.querySelector('.state').textContent === '${WORDS.es.well}'`);
    assert.deepEqual(engine.faults, []);
  });
});

describe('what the oldest TV is given of the console', () => {
  const file = (name) => readFileSync(here(`../../assets/console/${name}`), 'utf8');
  test('parses as ES5', () => assert.equal(es5Fault(file('console.js')), undefined));
  test('has a style sheet with nothing newer in it', () => assert.deepEqual(cssFaults(file('console.css')), []));
});
