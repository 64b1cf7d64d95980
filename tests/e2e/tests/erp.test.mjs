import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage, play, resize, shown, SIZES, until } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { layoutFaults } from '../support/layout.mjs';
import { alert, machines, startOrigin } from '../support/live.mjs';
import { artefact } from '../support/paths.mjs';

/** What Chromium itself writes into the console when an answer is an error or does not come. */
const REPORTED_BY_CHROMIUM = /^Failed to load resource/;
const NAMES = ['dashboard', 'machines', 'alerts', 'alert_summary', 'order_stats', 'quality_stats', 'counts'];
const every = (part) => Object.fromEntries(NAMES.map((name) => [name, part]));
/** The longest that the box says of an ERP. */
const REASON = {
  es: 'Este equipo no conoce a la autoridad que firma el certificado del ERP: si la red inspecciona las conexiones cifradas, o el ERP es de la empresa, ponga el certificado de su autoridad en outbound.ca_file.',
  en: "This box does not know the authority that signed the ERP's certificate: if the network inspects encrypted connections, or the ERP is the company's own, set its authority's certificate in outbound.ca_file.",
};
const AWAY = { state: 'away', since_s: 725, reason: 'unknown_authority', text: REASON };

describe('the live channel', () => {
  let box;
  let browser;
  let origin;
  let wall;
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
    ({ wall } = origin);
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
  const inShape = async (page, name) => {
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      await page.screenshot({ path: artefact(`${name}-${width}x${height}.png`) });
      assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
    }
    await resize(page, 1920, 1080);
    const contrast = await contrastFaults(page);
    assert.deepEqual([contrast.violations, contrast.undecided], [[], []]);
  };

  test('is shown', async () => {
    const page = await open();
    await until(page, '[data-value="completed"]', '15');
    assert.equal(await shown(page, 'oee'), '61,2 %');
    assert.equal(await shown(page, 'availability'), '80,0 %');
    assert.equal(await shown(page, 'produced'), '47');
    assert.equal(await shown(page, 'rejects'), '4,0');
    assert.equal(await shown(page, 'in-progress'), '13');
    assert.deepEqual(await page.locator('.tile-name').allTextContents(), wall.value('machines').map(({ name }) => name));
    assert.deepEqual(await page.locator('.alert-subject').allTextContents(), ['Prensa 80 t (M-5)', 'Barra 40 mm', 'ORD-2611-0001']);
    assert.deepEqual(await page.locator('.alert-message').allTextContents(), [
      'Está fuera de servicio',
      'Quedan 4 (mínimo: 10)',
      'Vence el 24/11/2026',
    ]);
    const states = await page.locator('.tile-state').allTextContents();
    assert.deepEqual(states.slice(0, 6), ['En marcha', 'Libre', 'En marcha', 'Mantenimiento', 'En marcha', 'Averiada']);
    assert.match(await page.getAttribute('.chart', 'aria-label'), /^6 h: 4, 7 h: 6, .*, 14 h: 2, 15 h: –/);
    assert.doesNotMatch(await page.innerText('.screen'), /pieza/i);
    assert.equal(await page.locator('.demo-badge, .badge, [data-late]').count(), 0);
    quiet();
  });

  test('is all that is asked for', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    // The signs of life come in real time: in the page's, the channel is silent, and asked for in both ways.
    await page.clock.runFor(10 * 60_000);
    const asked = new Set(origin.state.asked.filter((path) => !path.startsWith('/assets/') && path !== '/'));
    // The first and the last are the screen agent's.
    assert.deepEqual([...asked].sort(), ['/_edge/agent.js', '/_edge/display.json', '/_edge/live', '/_edge/live.json', '/_edge/screen']);
  });

  test('brings what changes, which lights up', async () => {
    const page = await open();
    await until(page, '[data-value="produced"]', '47');
    assert.equal(await page.locator('[class*=changed-]').count(), 0);
    const list = wall.value('machines');
    list[0].status = 'BROKEN';
    wall.change({
      parts: {
        counts: { value: { ...wall.value('counts'), completed: 48 } },
        machines: { value: list },
        alerts: { value: [alert('a9', 'CRITICAL', 'Torno Mazak (M-0)'), ...wall.value('alerts')] },
      },
    });
    await until(page, '[data-value="produced"]', '48');
    assert.deepEqual(await page.$$eval('[class*=changed-]', (all) => all.map((one) => one.textContent)), [
      '48',
      'Torno MazakAveriada',
      'Torno Mazak (M-0)CríticaEstá fuera de servicio',
    ]);
    const playing = await page.evaluate(() =>
      document.getAnimations().map((animation) => {
        animation.pause();
        animation.currentTime = 0;
        return animation.animationName;
      }),
    );
    assert.ok(playing.includes('changed-1'), String(playing));
    await page.screenshot({ path: artefact('erp-changed.png') });
    assert.deepEqual((await contrastFaults(page)).violations, []);
    assert.equal(wall.asked.streams.length, 1);
    quiet();
  });

  test('moves nothing for whoever asked for less motion', async () => {
    await opened.page.emulateMedia({ reducedMotion: 'reduce' });
    const page = await open();
    wall.change({ parts: { counts: { value: { ...wall.value('counts'), completed: 48 } } } });
    await until(page, '[data-value="produced"]', '48');
    assert.equal(await page.locator('[data-value="produced"].changed-1').count(), 1);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  });

  test('goes on where it was after a cut', async () => {
    const page = await open();
    await until(page, '[data-value="produced"]', '47');
    const id = wall.id();
    origin.dropConnections();
    await wall.streamsAre(2);
    assert.deepEqual(wall.asked.streams, [null, id]);
    wall.change({ parts: { counts: { value: { ...wall.value('counts'), completed: 49 } } } });
    await until(page, '[data-value="produced"]', '49');
    onlyReports();
  });

  test('is asked for anew where the clock of the TV is set', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await until(page, '[data-value="produced"]', '47');
    await opened.page.clock.setSystemTime(new Date(AFTERNOON.getTime() + 3 * 86_400_000));
    await page.clock.runFor(2000);
    await until(page, '.machines', 'Sin datos');
    wall.change({ parts: { counts: { value: { ...wall.value('counts'), completed: 48 } } } });
    await wall.streamsAre(2);
    assert.deepEqual(wall.asked.streams, [null, null]);
    await until(page, '[data-value="produced"]', '48');
    await page.clock.runFor(2000);
    await until(page, '.status', 'Datos al día');
    assert.equal(await page.locator('.tile').count(), 8);
    assert.equal(await page.locator('[data-badge]').count(), 0);
    onlyReports();
  });

  test('is read whole, however large', async () => {
    wall.change({ parts: { machine_utilization: { value: ['x'.repeat(2 * 1024 * 1024)] } } });
    const page = await open();
    await until(page, '[data-value="produced"]', '47');
    await wall.streamsAre(2);
    assert.deepEqual(wall.asked.streams, [null, wall.id()]);
    wall.change({ parts: { counts: { value: { ...wall.value('counts'), completed: 48 } } } });
    await until(page, '[data-value="produced"]', '48');
    assert.equal(wall.asked.streams.length, 2);
    quiet();
  });

  test('without its alerts has the number of them at least', async () => {
    wall.change({ parts: { alerts: null, alert_summary: { value: { total: 5602, critical: 2, warning: 5600, info: 0 } } } });
    const page = await open();
    await until(page, '.alerts', 'Esperando datos');
    assert.deepEqual(await page.locator('.alerts .count').allTextContents(), ['2', '5600']);
    assert.equal(await page.locator('.more').count(), 0);
    wall.change({ parts: { alerts: { value: [] } } });
    await until(page, '.alerts', 'Sin alertas activas');
    assert.equal(await page.locator('.alerts .count').count(), 0);
    quiet();
  });

  test('of a box that has been started again leaves nothing of before', async () => {
    const page = await open();
    await until(page, '[data-value="produced"]', '47');
    wall.restart({ parts: { machines: { age_s: 1, late: false, value: machines(3) } } });
    origin.dropConnections();
    await until(page, '[data-value="produced"]', '–');
    assert.equal(await page.locator('.tile').count(), 3);
    assert.match(await page.textContent('.alerts'), /Esperando datos/);
    onlyReports();
  });

  test('that is held back on the way is asked for instead', async () => {
    wall.fault = 'buffer';
    await opened.page.clock.install({ time: AFTERNOON });
    const { page } = opened;
    await page.goto(origin.url);
    await page.waitForSelector('.status');
    await play(page, () => page.locator('.tile').count());
    assert.equal(wall.asked.questions[0], null);
    await wall.questionsAre(2);
    wall.change({ parts: { counts: { value: { ...wall.value('counts'), completed: 50 } } } });
    await until(page, '[data-value="produced"]', '50');
    assert.equal(wall.asked.questions[1], 'e1-1');
    assert.equal(await page.locator('.badge').count(), 0);
    quiet();
  });

  for (const fault of [404, 503]) {
    test(`that is answered with ${fault} is a box that is away, until it is not`, async () => {
      wall.fault = fault;
      await opened.page.clock.install({ time: AFTERNOON });
      const { page } = opened;
      await page.goto(origin.url);
      await page.waitForSelector('.status');
      await play(page, () => page.locator('[data-badge="box"]').count());
      assert.match(await page.textContent('.machines'), /Sin datos/);
      wall.fault = null;
      await play(page, () => page.locator('.tile').count());
      await play(page, async () => (await page.locator('[data-badge]').count()) === 0);
      onlyReports();
    });
  }

  test('says that one part is old, and how old', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    wall.change({ parts: { alerts: { age_s: 355, late: true } } });
    await until(page, '.status', 'Alertas: datos de hace 5 min');
    assert.equal(await page.textContent('[data-late="alerts"]'), '5 min');
    assert.equal(await page.locator('[data-late]').count(), 1);
    await play(page, async () => (await page.textContent('[data-late="alerts"]')) === '6 min');
    await inShape(page, 'erp-part-late');
    wall.change({ parts: { alerts: { late: false } } });
    await until(page, '.status', 'Datos al día');
    quiet();
  });

  test('says that nobody knows how old a part is', async () => {
    const page = await open();
    wall.change({ parts: { quality_stats: { age_s: null, late: true } } });
    await until(page, '.status', 'Rechazo: datos de hora desconocida');
    assert.equal(await page.textContent('[data-late="quality_stats"]'), '?');
    quiet();
  });

  test('says that the ERP does not answer, since when, and what to do', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    wall.change({ link: AWAY, parts: every({ age_s: 725, late: true }) });
    await until(page, '[data-badge="erp"]', 'El ERP no responde desde hace 12 min');
    assert.equal(await page.textContent('.status'), `Datos de hace 12 min. ${REASON.es}`);
    assert.equal(await page.locator('[data-late]').count(), 7);
    assert.equal(await shown(page, 'produced'), '47');
    await inShape(page, 'erp-away');
    let loads = 0;
    page.on('load', () => (loads += 1));
    wall.change({ link: { state: 'up' }, parts: every({ late: false }) });
    await until(page, '.status', 'Datos al día');
    assert.equal(await page.locator('[data-badge], [data-late]').count(), 0);
    assert.equal(loads, 0);
    quiet();
  });

  for (const year of [1970, 2101]) {
    test(`has its ages counted by the box where the TV believes to be in ${year}`, async () => {
      await opened.page.clock.install({ time: new Date(year, 0, 2, 14, 5) });
      const page = await open();
      wall.change({ link: AWAY, parts: every({ age_s: 775, late: true }) });
      await until(page, '[data-badge="erp"]', 'desde hace 12 min');
      await until(page, '.status', 'Datos de hace 12 min');
      await play(page, async () => (await page.textContent('.status')).startsWith('Datos de hace 13 min'));
      assert.equal(await page.locator('.tile').count(), 8);
      onlyReports();
    });
  }

  test('shows a reason of any length without taking the room of the figures', async () => {
    const page = await open();
    const address = `http://${'servidor-de-produccion.planta-norte.'.repeat(7)}example:8443/${'a'.repeat(200)}`;
    const text = { es: `La dirección del ERP, erp.url = ${address}, no se puede usar: no va cifrada. Póngala con https://.`, en: '' };
    wall.change({ link: { ...AWAY, text }, parts: every({ age_s: 725, late: true }) });
    await until(page, '.status', 'La dirección del ERP');
    await inShape(page, 'erp-away-long');
    quiet();
  });

  test('says that the ERP is slow', async () => {
    const page = await open();
    wall.change({ link: { state: 'slow' } });
    await until(page, '.slow', 'El ERP tarda en responder');
    assert.equal(await page.textContent('.status'), 'Datos al día');
    await inShape(page, 'erp-slow');
    quiet();
  });

  test('without anything yet leaves a waiting display, not a blank one', async () => {
    wall.change({ link: { state: 'starting' }, parts: every(null) });
    const { page } = opened;
    await page.goto(origin.url);
    await until(page, '.machines', 'Esperando datos');
    assert.equal(await shown(page, 'oee'), '–');
    assert.equal(await page.locator('[data-badge]').count(), 0);
    await inShape(page, 'erp-starting');
    quiet();
  });

  test('without anything any longer says so', async () => {
    const page = await open();
    wall.change({ link: { ...AWAY, since_s: 90_000 }, parts: every(null) });
    await until(page, '.machines', 'Sin datos');
    assert.equal(await shown(page, 'produced'), '–');
    assert.match(await page.textContent('.alerts'), /Sin datos/);
    await until(page, '[data-badge="erp"]', 'desde hace 25 h');
    await inShape(page, 'erp-expired');
    quiet();
  });

  test('of a box without an ERP says that none is set up', async () => {
    wall.change({ link: { state: 'off' }, parts: every(null) });
    const { page } = opened;
    await page.goto(origin.url);
    await until(page, '.no-erp', 'Sin ERP configurado');
    assert.equal(await page.locator('[data-badge]').count(), 0);
    wall.change({ link: { state: 'starting' } });
    await until(page, '.machines', 'Esperando datos');
    quiet();
  });

  test('leaves its last picture over a reload, with its age, and nothing else', async () => {
    await opened.page.clock.install({ time: AFTERNOON });
    const page = await open();
    await page.evaluate(() => localStorage.setItem('workshop-monitor/1/picture', 'Cliente Uno'));
    await until(page, '[data-value="produced"]', '47');
    wall.fault = 503;
    await page.reload();
    await drawn(page);
    assert.equal(await shown(page, 'produced'), '47');
    const kept = await page.evaluate(() => JSON.parse(JSON.stringify(localStorage)));
    const keys = Object.keys(kept).filter((key) => key.startsWith('workshop-monitor/'));
    assert.deepEqual(keys.sort(), ['workshop-monitor/2/live', 'workshop-monitor/2/settings']);
    assert.deepEqual(Object.keys(JSON.parse(kept['workshop-monitor/2/live']).parts).sort(), [...NAMES].sort());
    await play(page, () => page.locator('[data-badge="box"]').count());
    assert.match(await page.textContent('.status'), /^Datos de hace \d+ (s|min)$/);
    wall.fault = null;
    await play(page, async () => (await page.textContent('.status')) === 'Datos al día');
    onlyReports();
  });

  for (const [count, alertCount] of [
    [0, 0],
    [1, 1],
    [9, 12],
    [12, 3],
    [24, 200],
  ]) {
    test(`with ${count} machines and ${alertCount} alerts stays in shape`, async () => {
      const long = ' con un nombre larguísimo que no cabe de ninguna manera en su sitio';
      const severities = ['CRITICAL', 'WARNING', 'INFO'];
      wall.change({
        parts: {
          machines: { value: machines(count).map((machine) => ({ ...machine, name: machine.name + long })) },
          alerts: { value: Array.from({ length: alertCount }, (_, i) => alert(`x${i}`, severities[i % 3], `Alerta ${i}${long}`, long + long)) },
          alert_summary: { value: { total: alertCount, critical: alertCount === 200 ? 5000 : 0, warning: 0, info: 0 } },
          order_stats: { value: { inProgress: 1234, completed: 5678 } },
          quality_stats: { value: { total: 4, failed: 4 } },
          dashboard: { value: { oee: { oee: '100.0', availability: '100.0', performance: '100.0', quality: '100.0' } } },
          counts: {
            value: {
              completed: 12345,
              unplaced: 3,
              hours: Array.from({ length: 20 }, (_, hour) => ({ hour, completed: hour === 9 ? 0 : 10 * hour, gap: hour % 3 === 0 })),
            },
          },
        },
      });
      const { page } = opened;
      await page.goto(origin.url);
      await until(page, '[data-value="rejects"]', '100');
      await page.waitForSelector(count ? '.tile' : '.machines .nothing');
      await page.waitForSelector(alertCount ? '.alert' : '.alerts .nothing');
      await inShape(page, `erp-${count}-machines`);
      if (alertCount > 4) assert.match(await page.textContent('.more'), /\+\d+ más/);
      if (alertCount === 200) assert.match(await page.textContent('.alerts .count'), /5000/);
      assert.match(await page.getAttribute('.chart', 'aria-label'), /, 9 h: \?, 10 h: 100, .* 12 h: 120\?/);
      await until(page, '.hourly .partial', 'Datos parciales');
      quiet();
    });
  }

  test('has machines with long names told apart, and counters that add up', async () => {
    const names = ['Haas VF-2', 'Haas VF-4', 'Hermle C 42 U'].map((model) => `Centro de mecanizado vertical de cinco ejes ${model}`);
    const list = machines(8).map((machine, i) => ({ ...machine, name: names[i] || (i < 5 ? 'Torno' : machine.name) }));
    list[1].status = 'BROKEN';
    list[3].status = null;
    list[4].status = 'RETIRED';
    wall.change({ parts: { machines: { value: list } } });
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
    wall.change({ parts: { alerts: { value: [alert('a1', 'CRITICAL', 'Prensa de 80 t', message)] } } });
    const page = await open();
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      const text = page.locator('.alert-message');
      assert.equal(await text.textContent(), message);
      assert.ok(await text.evaluate((element) => element.scrollHeight <= element.clientHeight + 1), `${width}x${height}: it is cut`);
      assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      await page.screenshot({ path: artefact(`erp-critical-${width}x${height}.png`) });
    }
    quiet();
  });

  test('fits where the font is wider than the one that it was drawn with', async () => {
    wall.change({
      link: AWAY,
      parts: {
        ...every({ age_s: 3540, late: true }),
        counts: { age_s: 3540, late: true, value: { ...wall.value('counts'), completed: 12345 } },
        order_stats: { age_s: 3540, late: true, value: { inProgress: 1234, completed: 5678 } },
        dashboard: { age_s: 3540, late: true, value: { oee: { oee: '88.8', availability: '100.0', performance: '88.8', quality: '99.9' } } },
      },
    });
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
      const channels = origin.state.asked.filter((path) => path.startsWith('/_edge/live'));
      assert.ok(channels.length <= 1, `the screen agent's alone, not ${channels}`);
      quiet();
    });
  }

  test('has text, names and markup shown as text', async () => {
    const list = wall.value('machines');
    list[0].name = '<img src=x onerror=alert(1)>';
    wall.change({ parts: { machines: { value: list } } });
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
    wall.change({ parts: { dashboard: { value: { oee: { oee: '77.7', availability: '1.0', performance: '1.0', quality: '1.0' } } } } });
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
    await page.clock.install({ time: AFTERNOON });
    await page.goto(origin.url);
    await drawn(page);
    await until(page, '[data-value="completed"]', '15');

    await box.stop();
    origin.state.boxPort = null;
    origin.dropConnections();
    await page.clock.runFor(40_000);
    assert.equal(await page.locator('[data-badge]').count(), 0, 'a box that starts again is no news');
    await page.clock.runFor(10_000);
    await page.waitForSelector('[data-badge="box"]');
    assert.match(await page.textContent('.badge'), /Sin conexión con el equipo/);
    await until(page, '.status', 'Datos de hace');
    assert.equal(await shown(page, 'produced'), '47');
    assert.equal(await page.locator('.tile').count(), 8);
    for (const [width, height] of SIZES) {
      await resize(page, width, height);
      assert.deepEqual(await page.evaluate(layoutFaults), [], `${width}x${height}`);
      await page.screenshot({ path: artefact(`box-away-${width}x${height}.png`) });
    }
    await page.clock.fastForward(12 * 60_000);
    await until(page, '.status', 'Datos de hace 12 min');
    await page.clock.fastForward(24 * 3_600_000);
    await until(page, '.machines', 'Sin datos');
    assert.equal(await shown(page, 'produced'), '–');

    box = await startBox();
    origin.state.boxPort = box.port;
    origin.wall.change({ parts: { counts: { value: { ...origin.wall.value('counts'), completed: 53 } } } });
    await play(page, async () => (await shown(page, 'produced')) === '53');
    await play(page, async () => (await page.locator('[data-badge]').count()) === 0);
    await until(page, '.status', 'Datos al día');
    // What has not changed meanwhile has expired here, and is back as well.
    assert.equal(await page.locator('.tile').count(), 8);
    assert.equal(await shown(page, 'oee'), '61,2 %');
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
