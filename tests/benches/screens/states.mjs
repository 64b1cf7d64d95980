#!/usr/bin/env node
// How long the box takes to say what has happened to a TV, and that it is over. See ../README.md.
import { setTimeout as pause } from 'node:timers/promises';
import { startBox } from '../../e2e/support/box.mjs';
import { CURRENT, openEngine } from '../../e2e/support/engines.mjs';
import { here } from '../../e2e/support/paths.mjs';
import { screenIs, startCache, startHold } from '../../e2e/support/screens.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
/** Between two reports of an agent: a cause may come at any time between them. */
const EVERY_MS = 10_000;

const HELD = (url) => `void setTimeout(function () {
  var request = new XMLHttpRequest();
  request.open('GET', '${url}', false);
  request.send();
}, 0)`;

/** For each state what causes it, and gives what ends it; nothing where time does. */
const CAUSES = {
  async frozen({ tv }) {
    const hold = await startHold();
    await tv.value(HELD(hold.url));
    return async () => {
      hold.letGo();
      await hold.close();
    };
  },
  async blank({ tv }) {
    await tv.value(`window.kept = document.body.innerHTML, document.body.innerHTML = '', 0`);
    return () => tv.value(`document.body.innerHTML = window.kept, 0`);
  },
  async errors({ tv }) {
    await tv.value(`void setTimeout(function () { throw new Error('of the page'); }, 0)`);
  },
  async stale({ tv }) {
    await tv.value(`window.workshopEdge.dataAge = 600`);
    return () => tv.value(`window.workshopEdge.dataAge = 1`);
  },
  async hidden({ tv }) {
    const other = await tv.openTab();
    await other.send('Page.bringToFront');
    return () => other.close();
  },
  async outdated(at) {
    const cache = await startCache(at.box, '0123456789abcdef');
    await at.tv.goto(cache.url);
    return async () => {
      await cache.close();
      await at.tv.goto(at.box.url);
    };
  },
  async offline(at) {
    await at.tv.close();
    return async () => {
      at.tv = await openEngine(CURRENT);
      await at.tv.goto(at.box.url);
    };
  },
};

/** Seconds until each has happened, and is seen by whoever asks the box. */
async function measure(state) {
  const box = await startBox({}, { site: here('screens/plain'), screens: { stale_s: 10, reload_spread_s: 0 } });
  const at = { box, tv: await openEngine(CURRENT) };
  await at.tv.goto(box.url);
  const said = [];
  const over = [];
  const timed = async (act, is, times) => {
    const start = performance.now();
    const end = await act();
    await screenIs(box, is);
    times.push((performance.now() - start) / 1000);
    return end;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await screenIs(box, 'showing');
    await pause(Math.random() * EVERY_MS);
    const end = await timed(() => CAUSES[state](at), state, said);
    await timed(() => end?.(), 'showing', over);
  }
  await at.tv.close();
  await box.stop();
  const range = (times) => `${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)} s`;
  console.log(`${state}: said after ${range(said)}, over after ${range(over)}`);
}

// They wait for most of the time.
await Promise.all(Object.keys(CAUSES).map(measure));
