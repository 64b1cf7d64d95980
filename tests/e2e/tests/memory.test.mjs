import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage } from '../support/browser.mjs';
import { alert, machines, startOrigin } from '../support/erp.mjs';

const WARM_UP = 400;
const MEASURED = 2000;
/** A leak of one small object for each refresh would pass this many times over. */
const MOST_GROWTH = 1024 * 1024;

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

test(`memory does not grow over ${MEASURED} refreshes`, async (t) => {
  const { context, page, problems } = await openPage(browser);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  await page.clock.install({ time: AFTERNOON });
  await page.goto(origin.url);
  await drawn(page);
  await page.clock.pauseAt(new Date(AFTERNOON.getTime() + 10_000));

  const { shop } = origin.state;
  let round = 0;
  // Everything changes from one refresh to the next, so that every part of the screen is drawn anew.
  const refresh = async () => {
    round += 1;
    shop.throughput.completed = round % 500;
    shop.dashboard.oee.oee = (60 + (round % 300) / 10).toFixed(1);
    shop.machines = machines(6 + (round % 9));
    shop.alerts = Array.from({ length: round % 7 }, (_, i) => alert(`${round}-${i}`, ['CRITICAL', 'WARNING', 'INFO'][i % 3], `Alerta ${round}`));
    shop.orders.completed = round;
    const from = origin.state.answered;
    const answered = origin.until(({ answered: now }) => now >= from + 6);
    await page.clock.runFor(2200);
    await answered;
    if (round % 10 === 0) origin.io.emit('production:order-updated', { orderNumber: `OP-${round}` });
  };
  const measure = async () => {
    // Twice: what the first collection finalises, the second one frees.
    await devtools.send('HeapProfiler.collectGarbage');
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
  };

  while (round < WARM_UP) await refresh();
  const before = await measure();
  while (round < WARM_UP + MEASURED) await refresh();
  const after = await measure();
  t.diagnostic(`before ${JSON.stringify(before)} after ${JSON.stringify(after)}`);
  assert.equal(await page.textContent('[data-value="completed"]'), String(round));
  assert.ok(after.heap - before.heap < MOST_GROWTH, `${before.heap} → ${after.heap}`);
  assert.ok(after.nodes < before.nodes + 300, `${before.nodes} → ${after.nodes} nodes`);
  assert.ok(after.listeners < before.listeners + 20, `${before.listeners} → ${after.listeners} listeners`);
  assert.deepEqual(problems, { console: [], uncaught: [] });
  await context.close();
});
