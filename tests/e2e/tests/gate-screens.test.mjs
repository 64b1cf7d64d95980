// Televisions that show what is new, one of today and one of 2018: the box keeps a version that they draw, and takes back one that
// throws there, however well it is served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from '../support/browser.mjs';
import { CURRENT, openEngine } from '../support/engines.mjs';
import { startBucket, startManaged } from '../support/managed.mjs';
import { openAdmin, screensAre, until } from '../support/screens.mjs';

const COUNT = `if (location.protocol === 'http:') sessionStorage.setItem('loads', Number(sessionStorage.getItem('loads')) + 1)`;

describe('televisions that are asked', () => {
  let bucket;
  let box;
  let browser;
  const names = ['Nave', 'Torno'];
  const tvs = [];
  const history = async () => JSON.parse((await box.command('update', 'history', '--json')).stdout);
  const loads = () => Promise.all(tvs.map((tv) => tv.value(`Number(sessionStorage.getItem('loads'))`)));
  const showing = () => screensAre(box, 'showing', 'showing');

  before(async () => {
    bucket = await startBucket();
    // Three times the trial is what they have to say it: a page has drawn enough at its second or third report, 10 s or 20 s after its load.
    box = await startManaged(bucket, 'es', 'trial_s = 15\ngate_screens = 2', '[screens]', 'reload_spread_s = 0');
    for (const version of [CURRENT, '67']) {
      const tv = await openEngine(version);
      tvs.push(tv);
      await tv.beforeScripts(COUNT);
      await tv.goto(box.url);
    }
    browser = await launch();
    const admin = await openAdmin(browser, box);
    for (const [at, { id }] of (await showing()).entries()) await admin.ask(id, 'rename', { name: names[at] });
    // Before that it is not known whether they draw, and they would not be asked.
    await until(async () => (await showing()).every((screen) => screen.name && screen.frames_per_second > 0));
  });
  after(async () => {
    for (const tv of tvs) await tv.close();
    await browser?.close();
    await box?.stop();
    bucket?.stop();
  });

  test('confirm a version by showing it', async () => {
    bucket.publish('1.1.0');
    assert.equal((await box.command('update', 'apply')).stdout, 'La versión 1.1.0 funciona.\n');
    const { votes } = (await history()).pop();
    assert.deepEqual(votes, { needed: 2, yes: 2, voted: names, too_few: false });
    assert.deepEqual(await loads(), [2, 2], 'the first page, and the new one');
  });

  test('have one that throws there taken back', async () => {
    const [{ version }] = await showing();
    bucket.publish('1.6.0');
    const failed = box.command('update', 'apply').then(() => assert.fail('it was kept'), (error) => error.stderr);
    await Promise.race([screensAre(box, 'errors', 'errors'), failed]);
    const answer = await fetch(`${box.url}health`);
    const health = await answer.json();
    assert.deepEqual([answer.status, health.version, health.status], [200, '1.6.0', 'ok']);
    assert.deepEqual(await loads(), [3, 3], 'the new one');

    assert.match(await failed, new RegExp(`la versión 1\\.6\\.0 falló y volvió la anterior: 0 of the 2 screens needed have shown it well; errors on: ${names.join(', ')}$`, 'm'));
    await until(async () => (await showing()).every((screen) => screen.version === version));
    assert.deepEqual(await loads(), [4, 4], 'the one before');
    const thrown = (tv) => tv.faults.filter((fault) => fault.includes('the page of this version fails')).length;
    assert.deepEqual(tvs.map(thrown), [1, 1], 'once each');
  });
});
