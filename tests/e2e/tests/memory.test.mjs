import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage } from '../support/browser.mjs';
import { alert, machines, startOrigin } from '../support/erp.mjs';

const WARM_UP = 150;
const MEASURED = 600;
/** A picture, a chart or a set of listeners that were kept at each refresh would pass this many times over. */
const MAX_GROWTH = 1024 * 1024;

let box;
let origin;
let browser;
before(async () => {
  box = await startBox();
  origin = await startOrigin(box.port);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await origin?.close();
  await box?.stop();
});

async function meter(context, page) {
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  return async () => {
    // Twice: what the first collection finalises, the second one frees.
    await devtools.send('HeapProfiler.collectGarbage');
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
  };
}

function steady(before, after) {
  assert.ok(after.heap - before.heap < MAX_GROWTH, `${before.heap} → ${after.heap} bytes`);
  assert.ok(after.nodes < before.nodes + 300, `${before.nodes} → ${after.nodes} nodes`);
  assert.ok(after.listeners < before.listeners + 20, `${before.listeners} → ${after.listeners} listeners`);
}

test(`memory does not grow over ${MEASURED} refreshes`, async (t) => {
  const { context, page, problems } = await openPage(browser);
  const measure = await meter(context, page);
  await page.clock.install({ time: AFTERNOON });
  await page.goto(origin.url);
  await drawn(page);
  await page.clock.pauseAt(new Date(AFTERNOON.getTime() + 10_000));

  // Whether all six answers come to the screen.
  const isShown = (expected) =>
    page
      .waitForFunction(
        ([produced, oee, rejects, machineCount, alertCount, completed]) => {
          const text = (name) => document.querySelector(`[data-value="${name}"]`).textContent;
          return (
            text('produced') === produced &&
            text('oee').startsWith(oee) &&
            text('rejects') === rejects &&
            text('completed') === completed &&
            document.querySelectorAll('.tile').length === machineCount &&
            document.querySelectorAll('.alert').length === alertCount
          );
        },
        expected,
        { timeout: 5000 },
      )
      .then(
        () => true,
        () => false,
      );
  const { shop } = origin.state;
  let round = 0;
  // Everything changes from one refresh to the next, so that every part of the screen is drawn anew.
  const refresh = async () => {
    round += 1;
    shop.throughput.completed = round % 500;
    shop.dashboard.oee.oee = (60 + (round % 300) / 10).toFixed(1);
    shop.machines = machines(6 + (round % 7));
    shop.alerts = Array.from({ length: round % 7 }, (_, i) => alert(`${round}-${i}`, ['CRITICAL', 'WARNING', 'INFO'][i % 3], `Alerta ${round}`));
    shop.orders.completed = round;
    shop.quality = { total: 1000, failed: round % 90 };
    const expected = [
      String(shop.throughput.completed),
      shop.dashboard.oee.oee.replace('.', ','),
      ((round % 90) / 10).toFixed(1).replace('.', ','),
      Math.min(12, shop.machines.length),
      Math.min(shop.machines.length >= 11 ? 2 : 4, shop.alerts.length),
      String(round),
    ];
    // A refresh leaves out what is still under way from the one before, and the clock stands still: the next one asks for it.
    let refreshes = 0;
    do {
      assert.ok(refreshes < 10, `round ${round} is never shown`);
      refreshes += 1;
      await page.clock.runFor(2200);
    } while (!(await isShown(expected)));
    if (round % 10 === 0) origin.io.emit('production:order-updated', { orderNumber: `OP-${round}` });
  };
  while (round < WARM_UP) await refresh();
  const before = await measure();
  while (round < WARM_UP + MEASURED) await refresh();
  const after = await measure();
  t.diagnostic(`before ${JSON.stringify(before)} after ${JSON.stringify(after)}`);
  steady(before, after);
  assert.deepEqual(problems, { console: [], uncaught: [] });
  await context.close();
});

test('memory does not grow over a day of the demonstration, 17280 pictures', async (t) => {
  const demo = await startBox({ demo: true });
  t.after(() => demo.stop());
  const { context, page, problems } = await openPage(browser);
  const measure = await meter(context, page);
  await page.clock.install({ time: AFTERNOON });
  await page.goto(demo.url);
  await drawn(page);
  const hours = async (count) => {
    for (let hour = 0; hour < count; hour++) await page.clock.runFor(3_600_000);
  };
  await hours(8);
  const before = await measure();
  await hours(24);
  const after = await measure();
  t.diagnostic(`before ${JSON.stringify(before)} after ${JSON.stringify(after)}`);
  assert.match(await page.textContent('.date'), /25 nov/);
  steady(before, after);
  assert.deepEqual(problems, { console: [], uncaught: [] });
  await context.close();
});
