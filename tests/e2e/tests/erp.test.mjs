import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage, play, resize, shown, SIZES, until } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { alert, FAULT_NAMES, machines, startOrigin } from '../support/erp.mjs';
import { layoutFaults } from '../support/layout.mjs';
import { artefact } from '../support/paths.mjs';

/** What Chromium itself writes into the console when an answer is an error or does not come. */
const REPORTED_BY_CHROMIUM = /^(Failed to load resource|WebSocket connection to)/;

describe('with an ERP', () => {
  let box;
  let browser;
  let origin;
  let opened;
  before(async () => {
    box = await startBox();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await box?.stop();
  });
  beforeEach(async () => {
    origin = await startOrigin(box.port);
    opened = await openPage(browser);
  });
  afterEach(async () => {
    await opened.context.close();
    await origin.close();
    assert.deepEqual(opened.problems.uncaught, []);
  });

  const quiet = () => assert.deepEqual(opened.problems, { console: [], uncaught: [] });
  const onlyReports = () =>
    assert.deepEqual(opened.problems.console.filter((line) => !REPORTED_BY_CHROMIUM.test(line)), []);
  const open = async () => {
    await opened.page.goto(origin.url);
    await drawn(opened.page);
    return opened.page;
  };

  test('shows what it says', async () => {
    const page = await open();
    await until(page, '[data-value="completed"]', '15');
    assert.equal(await shown(page, 'oee'), '61,2 %');
    assert.equal(await shown(page, 'availability'), '80,0 %');
    assert.equal(await shown(page, 'performance'), '85,0 %');
    assert.equal(await shown(page, 'quality'), '90,0 %');
    assert.equal(await shown(page, 'produced'), '47');
    assert.equal(await shown(page, 'rejects'), '4,0');
    assert.equal(await shown(page, 'in-progress'), '13');
    const names = origin.state.shop.machines.map(({ name }) => name);
    assert.deepEqual(await page.locator('.tile-name').allTextContents(), names);
    assert.deepEqual(await page.locator('.alert-title').allTextContents(), [
      'Prensa 80 t parada',
      'Stock bajo: barra 40 mm',
      'Orden OP-12 vence hoy',
    ]);
    const states = await page.locator('.tile-state').allTextContents();
    assert.deepEqual(states.slice(0, 6), ['En marcha', 'Libre', 'En marcha', 'Mantenimiento', 'En marcha', 'Averiada']);
    assert.equal(await page.locator('.demo-badge').count(), 0);
    quiet();
  });

  test('is never asked for what embeds personal data, nor for anything but its own few paths', async () => {
    await open();
    await origin.refreshed();
    assert.deepEqual([...new Set(origin.state.asked)].sort(), [
      '/alerts',
      '/analytics/dashboard',
      '/analytics/throughput',
      '/machines',
      '/production/orders/stats',
      '/quality/stats',
    ]);
  });

  test('refreshes by itself', async () => {
    const page = await open();
    origin.state.shop.throughput.completed = 48;
    await until(page, '[data-value="produced"]', '48');
    quiet();
  });

  test('has the display listen to its live events, and an event brings news at once', async (t) => {
    // A minute between refreshes: what comes sooner has come because of the event.
    const patient = await startBox({ refreshS: 60 });
    t.after(() => patient.stop());
    origin.state.boxPort = patient.port;
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await origin.until(({ listened }) => listened.length > 0);
    assert.deepEqual(origin.state.listened[0], { channels: ['production', 'inventory', 'quality', 'machines'] });
    await until(page, '[data-value="produced"]', '47');
    await page.clock.pauseAt(new Date(AFTERNOON.getTime() + 10_000));
    origin.state.shop.throughput.completed = 52;
    origin.io.emit('production:order-updated', { orderNumber: 'OP-2417' });
    await until(page, '.event', 'OP-2417 actualizada');
    assert.equal(await shown(page, 'produced'), '47');
    await page.clock.runFor(1000);
    await until(page, '[data-value="produced"]', '52');
    origin.io.emit('inventory:low-stock', { itemName: 'Barra 40 mm', quantity: 2 });
    await until(page, '.event', 'Stock bajo: Barra 40 mm');
    quiet();
  });

  test('gives each hour its bar as the display watches', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await page.clock.pauseAt(new Date(AFTERNOON.getTime() + 60_000));
    await page.waitForSelector('.partial');
    for (const completed of [48, 50, 51]) {
      origin.state.shop.throughput.completed = completed;
      await play(page, async () => (await shown(page, 'produced')) === String(completed));
    }
    await page.clock.runFor(100);
    assert.match(await page.getAttribute('.chart', 'aria-label'), /13 h: \?, 14 h: 4, 15 h: –/);
    quiet();
  });

  test('that dies leaves the last picture, and its age', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await until(page, '[data-value="produced"]', '47');
    origin.state.fault = 'gateway';
    await play(page, () => page.isVisible('[data-badge="erp"]'));
    await page.clock.fastForward(12 * 60_000);
    await until(page, '.status', 'Datos de hace 12 min');
    assert.equal(await shown(page, 'produced'), '47');
    assert.equal(await page.locator('.tile').count(), 8);
    assert.deepEqual(await page.evaluate(layoutFaults), []);
    await page.screenshot({ path: artefact('erp-away.png') });

    await page.reload();
    await drawn(page);
    assert.equal(await shown(page, 'produced'), '47');
    await until(page, '.status', 'Datos de hace');

    origin.state.fault = null;
    await play(page, async () => (await page.textContent('.status')) === 'Datos al día');
    await play(page, async () => (await page.locator('[data-badge]').count()) === 0);
    onlyReports();
  });

  test('whose last good answer the box gives is shown with its true age', async () => {
    origin.state.headers = {
      date: 'Tue, 24 Nov 2026 12:00:00 GMT',
      'x-edge-as-of': '2026-11-24T09:00:00.000Z',
      age: '10800',
    };
    const page = await open();
    await until(page, '.status', 'Datos de hace 3 h');
    assert.equal(await shown(page, 'produced'), '47');
    quiet();
  });

  test('of which one part is refused shows the rest, and says which part is old', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await page.route('**/api/alerts', (route) => route.fulfill({ status: 403, body: '{"statusCode":403}' }));
    await page.clock.fastForward(5 * 60_000);
    await until(page, '.status', 'Alertas: datos de hace 5 min');
    assert.equal(await page.locator('.alert').count(), 3);
    origin.state.shop.throughput.completed = 49;
    await play(page, async () => (await shown(page, 'produced')) === '49');
    onlyReports();
  });

  for (const fault of FAULT_NAMES) {
    test(`that answers "${fault}" costs no picture and no uncaught error`, async () => {
      await opened.page.clock.install({ time: AFTERNOON });
      const page = await open();
      await until(page, '[data-value="completed"]', '15');
      origin.state.fault = fault;
      const from = origin.state.answered;
      await play(page, () => origin.state.answered > from + 18);
      await page.waitForSelector('[data-badge]');
      assert.equal(await shown(page, 'oee'), '61,2 %');
      assert.equal(await shown(page, 'produced'), '47');
      assert.equal(await page.locator('.tile').count(), 8);
      origin.state.fault = null;
      await play(page, async () => (await page.locator('[data-badge]').count()) === 0);
      onlyReports();
    });
  }

  test('that never answers is given up on, and asked again', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await until(page, '[data-value="completed"]', '15');
    origin.state.fault = 'hang';
    await page.clock.runFor(3000);
    // The deadline is the browser's own, in real time; the display does not hang on the page's clock for it.
    await page.waitForSelector('[data-badge="erp"]');
    origin.state.fault = null;
    origin.state.shop.throughput.completed = 60;
    await play(page, async () => (await shown(page, 'produced')) === '60');
    onlyReports();
  });

  test('that was never there leaves a waiting display, not a blank one', async () => {
    origin.state.fault = 'gateway';
    const { page } = opened;
    await page.goto(origin.url);
    await page.waitForSelector('[data-badge="erp"]');
    assert.match(await page.textContent('.machines'), /Esperando datos/);
    assert.equal(await shown(page, 'oee'), '–');
    assert.deepEqual(await page.evaluate(layoutFaults), []);
    await page.screenshot({ path: artefact('erp-never.png') });
    origin.state.fault = null;
    await drawn(page);
    onlyReports();
  });

  for (const [count, alertCount] of [
    [0, 0],
    [1, 1],
    [9, 12],
    [12, 3],
    [24, 40],
  ]) {
    test(`with ${count} machines and ${alertCount} alerts stays in shape`, async () => {
      const long = ' con un nombre larguísimo que no cabe de ninguna manera en su sitio';
      origin.state.shop.machines = machines(count).map((machine) => ({ ...machine, name: machine.name + long }));
      origin.state.shop.alerts = Array.from({ length: alertCount }, (_, i) =>
        alert(`x${i}`, ['CRITICAL', 'WARNING', 'INFO'][i % 3], `Alerta ${i}${long}${long}`),
      );
      origin.state.shop.throughput.completed = 12345;
      origin.state.shop.orders = { inProgress: 1234, completed: 5678 };
      origin.state.shop.quality = { total: 4, failed: 4 };
      origin.state.shop.dashboard.oee = { oee: '100.0', availability: '100.0', performance: '100.0', quality: '100.0' };
      const { page } = opened;
      await page.goto(origin.url);
      await until(page, '[data-value="rejects"]', '100');
      await until(page, '[data-value="produced"]', '12');
      await page.waitForSelector(count ? '.tile' : '.machines .nothing');
      await page.waitForSelector(alertCount ? '.alert' : '.alerts .nothing');
      for (const [width, height] of SIZES) {
        await resize(page, width, height);
        assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      }
      await resize(page, 1920, 1080);
      const contrast = await contrastFaults(page);
      assert.deepEqual([contrast.violations, contrast.undecided], [[], []]);
      await page.screenshot({ path: artefact(`erp-${count}-machines.png`) });
      if (alertCount > 4) assert.match(await page.textContent('.more'), /\+\d+ más/);
      quiet();
    });
  }

  test('has machines with long names told apart, and counters that add up', async () => {
    const names = ['Haas VF-2', 'Haas VF-4', 'Hermle C 42 U'].map((model) => `Centro de mecanizado vertical de cinco ejes ${model}`);
    const { shop } = origin.state;
    shop.machines = machines(8).map((machine, i) => ({ ...machine, name: names[i] || (i < 5 ? 'Torno' : machine.name) }));
    shop.machines[1].status = 'BROKEN';
    shop.machines[3].status = null;
    shop.machines[4].status = 'RETIRED';
    const page = await open();
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      const shown_ = await page.locator('.tile-name').allTextContents();
      assert.equal(new Set(shown_).size, 8, `${width}x${height}: ${shown_.join(' | ')}`);
      assert.match(shown_[0], /^Centro de .*VF-2$/);
      assert.match(shown_[1], /^Centro de .*VF-4$/);
      assert.match(shown_[2], /^Centro de .*C 42 U$/);
      assert.deepEqual(shown_.slice(3, 5), ['Torno · M-3', 'Torno · M-4']);
      // What is shown is seen: no line of a name is cut.
      const cut = await page.$$eval('.tile-line', (lines) => lines.filter((line) => line.scrollWidth > line.clientWidth + 1).map((line) => line.textContent));
      assert.deepEqual(cut, []);
      assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      await page.screenshot({ path: artefact(`erp-names-${width}x${height}.png`) });
    }
    const counts = await page.$$eval('[data-count]', (all) => all.map((one) => [one.getAttribute('data-count'), Number(one.textContent)]));
    assert.equal(counts.reduce((sum, [, count]) => sum + count, 0), 8);
    assert.deepEqual(counts.find(([state]) => state === 'UNKNOWN'), ['UNKNOWN', 2]);
    quiet();
  });

  test('with a critical alert and room below it shows the whole message', async () => {
    const message = 'Fuga de aceite en el cilindro principal. Avise a mantenimiento (ext. 214) y no la use.';
    origin.state.shop.alerts = [{ ...alert('a1', 'CRITICAL', 'Prensa de 80 t parada en la línea 2'), message }];
    const page = await open();
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      const title = page.locator('.alert-title');
      assert.equal(await title.textContent(), `Prensa de 80 t parada en la línea 2 — ${message}`);
      assert.ok(await title.evaluate((element) => element.scrollHeight <= element.clientHeight + 1), `${width}x${height}: it is cut`);
      assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      await page.screenshot({ path: artefact(`erp-critical-${width}x${height}.png`) });
    }
    quiet();
  });

  test('fits where the font is wider than the one that it was drawn with', async () => {
    const { shop } = origin.state;
    shop.throughput.completed = 12345;
    shop.orders = { inProgress: 1234, completed: 5678 };
    shop.quality = { total: 4, failed: 1 };
    shop.dashboard.oee = { oee: '88.8', availability: '100.0', performance: '88.8', quality: '99.9' };
    // The page's own policy lets no style in; a font of the TV needs none.
    const { context, page } = await openPage(browser, { bypassCSP: true });
    await page.addInitScript(() =>
      document.addEventListener('DOMContentLoaded', () => {
        const style = document.createElement('style');
        style.textContent = "* { font-family: 'DejaVu Sans' !important }";
        document.head.appendChild(style);
      }),
    );
    await page.goto(origin.url);
    await drawn(page);
    await until(page, '[data-value="completed"]', '5678');
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      await page.screenshot({ path: artefact(`erp-wide-font-${width}x${height}.png`) });
    }
    await context.close();
  });

  for (const [language, words] of [
    ['es', /Sin ERP configurado.*display\.demo = true/],
    ['en', /No ERP is set up.*display\.demo = true/],
  ]) {
    test(`that is not set up is said in ${language}, and not asked for`, async (t) => {
      const spoken = await startBox({ language });
      t.after(() => spoken.stop());
      // The real answer of a box without an ERP.
      origin.state.boxPort = spoken.port;
      origin.state.hasErp = false;
      const { page } = opened;
      await page.goto(origin.url);
      await page.waitForSelector('.no-erp');
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        assert.match(await page.textContent('.no-erp'), words);
        const fits = await page.$$eval('.no-erp *', (all) => all.every((one) => one.scrollWidth <= one.clientWidth + 1));
        assert.ok(fits && (await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)), `${width}x${height}`);
        await page.screenshot({ path: artefact(`no-erp-${language}-${width}x${height}.png`) });
      }
      assert.equal(await page.locator('[data-badge]').count(), 0, 'nothing is away');
      assert.deepEqual((await contrastFaults(page)).violations, []);
      assert.deepEqual(origin.state.asked, []);
      quiet();
    });
  }

  test('has text, names and markup shown as text', async () => {
    origin.state.shop.machines[0].name = '<img src=x onerror=alert(1)>';
    const page = await open();
    assert.equal(await page.textContent('.tile-name'), '<img src=x onerror=alert(1)>');
    quiet();
  });

  test('and a fault while drawing, the display shows the last picture and recovers without a reload', async () => {
    const { page } = opened;
    await page.addInitScript(() => {
      const { toFixed } = Number.prototype;
      Number.prototype.toFixed = function (digits) {
        if (window.sabotaged) throw new Error('sabotage');
        return toFixed.call(this, digits);
      };
    });
    await open();
    await until(page, '[data-value="completed"]', '15');
    let loads = 0;
    page.on('load', () => (loads += 1));
    await page.evaluate(() => (window.sabotaged = true));
    origin.state.shop.dashboard.oee.oee = '77.7';
    await page.waitForFunction(() => /fallo|Recuperando/.test(document.body.innerText));
    await page.evaluate(() => (window.sabotaged = false));
    await until(page, '[data-value="oee"]', '77,7');
    assert.equal(loads, 0);
    quiet();
  });

  for (const language of ['es', 'en']) {
    test(`looks right in ${language} at every size`, async (t) => {
      const spoken = await startBox({ language });
      t.after(() => spoken.stop());
      origin.state.boxPort = spoken.port;
      await opened.page.clock.install({ time: AFTERNOON });
      const page = await open();
      await until(page, '[data-value="completed"]', '15');
      for (const [width, height] of SIZES) {
        await resize(page, width, height);
        await page.screenshot({ path: artefact(`erp-${language}-${width}x${height}.png`) });
        assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      }
      assert.equal(await page.getAttribute('html', 'lang'), language);
      quiet();
    });
  }
});

describe('the box', () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  test('that dies leaves the picture and a badge, and its return is noticed', async (t) => {
    let box = await startBox();
    t.after(() => box.stop());
    const origin = await startOrigin(box.port);
    t.after(() => origin.close());
    const { context, page, problems } = await openPage(browser);
    await page.goto(origin.url);
    await drawn(page);
    await until(page, '[data-value="completed"]', '15');

    await box.stop();
    origin.state.boxPort = null;
    origin.dropConnections();
    await page.waitForSelector('[data-badge="box"]');
    assert.match(await page.textContent('.badge'), /Sin conexión con el equipo/);
    await until(page, '.status', 'Datos de hace');
    assert.equal(await shown(page, 'produced'), '47');
    assert.equal(await page.locator('.tile').count(), 8);
    assert.deepEqual(await page.evaluate(layoutFaults), []);
    await page.screenshot({ path: artefact('box-away.png') });

    box = await startBox();
    origin.state.boxPort = box.port;
    origin.state.shop.throughput.completed = 53;
    await until(page, '[data-value="produced"]', '53');
    await page.waitForSelector('[data-badge]', { state: 'detached' });
    await until(page, '.status', 'Datos al día');
    assert.deepEqual(problems.uncaught, []);
    assert.deepEqual(problems.console.filter((line) => !REPORTED_BY_CHROMIUM.test(line)), []);
    await context.close();
  });

  test('has its changed settings followed without a reload', async (t) => {
    const first = await startBox();
    t.after(() => first.stop());
    const second = await startBox({ line: 'Linie 7', language: 'en', demo: true });
    t.after(() => second.stop());
    const origin = await startOrigin(first.port);
    t.after(() => origin.close());
    const { context, page, problems } = await openPage(browser);
    await page.clock.install({ time: AFTERNOON });
    await page.goto(origin.url);
    await drawn(page);
    let loads = 0;
    page.on('load', () => (loads += 1));
    assert.equal(await page.textContent('.line-name'), 'Línea 2');
    origin.state.boxPort = second.port;
    await page.clock.runFor(61_000);
    await until(page, '.line-name', 'Linie 7');
    await until(page, '.demo-badge', 'DEMO');
    await until(page, '.tile-name', 'CNC lathe 1');
    origin.state.boxPort = first.port;
    await page.clock.runFor(61_000);
    await until(page, '.line-name', 'Línea 2');
    await until(page, '.tile-name', 'Torno Mazak');
    assert.equal(await page.locator('.demo-badge').count(), 0);
    assert.equal(loads, 0);
    assert.deepEqual(problems, { console: [], uncaught: [] });
    await context.close();
  });

  test('that does not know its display yet has a demonstration shown, and marked', async (t) => {
    const box = await startBox();
    t.after(() => box.stop());
    const { context, page, problems } = await openPage(browser);
    await page.route('**/_edge/display.json', (route) => route.fulfill({ status: 404, body: 'no' }));
    await page.goto(box.url);
    await drawn(page);
    assert.equal(await page.textContent('.demo-badge'), 'DEMO');
    assert.deepEqual(problems.uncaught, []);
    await context.close();
  });
});
