#!/usr/bin/env node
// What the agent costs an old TV: its main thread, slowed down six times, and its memory over eight simulated hours. See ../README.md.
import { setTimeout as pause } from 'node:timers/promises';
import { startBox } from '../../e2e/support/box.mjs';
import { CURRENT, openEngine } from '../../e2e/support/engines.mjs';
import { here } from '../../e2e/support/paths.mjs';
import { screens, until } from '../../e2e/support/screens.mjs';

const SLOWED = 6;
const SECONDS = Number(process.argv[2] ?? 60);
const HOURS = Number(process.argv[3] ?? 8);
/** How much faster the page's clocks run for the memory: a second is as long as the shortest timer that an engine allows. */
const FASTER = 240;

const PAGES = { 'a still page': here('screens/plain'), 'the workshop monitor': undefined };

async function open(site, agent, prepare = () => {}) {
  const box = await startBox({ demo: true }, { site, screens: { agent } });
  const tv = await openEngine(CURRENT);
  await prepare(tv);
  await tv.goto(box.url);
  const close = async () => {
    await tv.close();
    await box.stop();
  };
  return { box, tv, close };
}

/** Milliseconds of the main thread in each second. */
async function thread(site, agent) {
  const { box, tv, close } = await open(site, agent);
  // Its start, which every page has, is over.
  if (agent) await until(async () => (await screens(box)).screens[0]?.state === 'showing');
  await tv.send('Performance.enable');
  await tv.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
  const metrics = async () => Object.fromEntries((await tv.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const first = await metrics();
  // To look meanwhile would cost the page more than the agent does.
  await pause(SECONDS * 1000);
  const last = await metrics();
  await close();
  return ((last.TaskDuration - first.TaskDuration) / (last.Timestamp - first.Timestamp)) * 1000;
}

const FAST = `(function () {
  var now = Date.now(), D = Date, p = performance.now.bind(performance), start = p(), timeout = setTimeout, interval = setInterval;
  var passed = function () { return (p() - start) * ${FASTER}; };
  window.Date = function (a) { return arguments.length ? new D(a) : new D(now + passed()); };
  window.Date.now = function () { return now + passed(); };
  window.Date.prototype = D.prototype;
  performance.now = function () { return start + passed(); };
  window.setTimeout = function (act, ms) { return timeout(act, (ms || 0) / ${FASTER}); };
  window.setInterval = function (act, ms) { return interval(act, ms / ${FASTER}); };
  window.reports = 0;
  var open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, url) {
    if (/_edge\\/screen$/.test(url)) window.reports += 1;
    return open.apply(this, arguments);
  };
})()`;

/** The page's heap after a collection, at its start and after the hours. */
async function memory(site) {
  const { tv, close } = await open(site, true, (engine) => engine.beforeScripts(FAST));
  const held = async () => {
    await tv.send('HeapProfiler.collectGarbage');
    const { usedSize } = await tv.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await tv.send('Memory.getDOMCounters');
    return { kB: Math.round(usedSize / 1000), nodes, jsEventListeners };
  };
  const passed = (seconds) => until(() => tv.value(`performance.now() > ${seconds * 1000}`));
  await passed(600);
  const start = await held();
  await passed(HOURS * 3600);
  const reports = await tv.value('window.reports');
  const end = await held();
  await close();
  return { start, end, reports };
}

for (const [name, site] of Object.entries(PAGES)) {
  for (const agent of [false, true]) {
    console.log(`${name}, agent ${agent}: ${(await thread(site, agent)).toFixed(1)} ms of the main thread per second, slowed down ${SLOWED} times`);
  }
}
console.log(`a still page, ${HOURS} h: ${JSON.stringify(await memory(PAGES['a still page']))}`);
