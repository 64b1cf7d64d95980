import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage } from '../support/browser.mjs';
import { alert, machines, startOrigin } from '../support/live.mjs';

const WARM_UP = 150;
const MEASURED = 600;
/** A picture, a chart or a set of listeners that were kept at each change would pass this many times over. */
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

test(`memory does not grow over ${MEASURED} changes`, async (t) => {
  const { context, page, problems } = await openPage(browser);
  const measure = await meter(context, page);
  await page.clock.install({ time: AFTERNOON });
  await page.goto(origin.url);
  await drawn(page);
  await page.clock.pauseAt(new Date(AFTERNOON.getTime() + 10_000));

  const wall = origin.wall;
  let round = 0;
  // Everything changes each time, so that every part of the screen is drawn anew.
  const change = async () => {
    round += 1;
    const list = machines(6 + (round % 7));
    const alerts = Array.from({ length: round % 7 }, (_, i) => alert(`${round}-${i}`, ['CRITICAL', 'WARNING', 'INFO'][i % 3], `Alerta ${round}`));
    const oee = (60 + (round % 300) / 10).toFixed(1);
    wall.change({
      parts: {
        dashboard: { value: { oee: { oee, availability: '80.0', performance: '85.0', quality: '90.0' } } },
        counts: { value: { ...wall.value('counts'), completed: round % 500 } },
        machines: { value: list },
        alerts: { value: alerts },
        order_stats: { value: { inProgress: 1, completed: round } },
        quality_stats: { value: { total: 1000, failed: round % 90 } },
      },
    });
    await page.waitForFunction(
      ([produced, oee_, rejects, machineCount, alertCount, completed]) => {
        const text = (name) => document.querySelector(`[data-value="${name}"]`).textContent;
        return (
          text('produced') === produced &&
          text('oee').startsWith(oee_) &&
          text('rejects') === rejects &&
          text('completed') === completed &&
          document.querySelectorAll('.tile').length === machineCount &&
          document.querySelectorAll('.alert').length === alertCount
        );
      },
      [
        String(round % 500),
        oee.replace('.', ','),
        ((round % 90) / 10).toFixed(1).replace('.', ','),
        Math.min(12, list.length),
        Math.min(list.length >= 11 ? 2 : 3, alerts.length),
        String(round),
      ],
      { polling: 20 },
    );
  };
  while (round < WARM_UP) await change();
  const before = await measure();
  while (round < WARM_UP + MEASURED) await change();
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
