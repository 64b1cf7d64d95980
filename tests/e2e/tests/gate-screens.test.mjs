// A television that shows what is new: the box keeps a version that it draws, and takes back one that throws there, however well
// it is served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, openPage } from '../support/browser.mjs';
import { startBucket, startManaged } from '../support/managed.mjs';
import { screenIs, until } from '../support/screens.mjs';

describe('a television that is asked', () => {
  let bucket;
  let box;
  let browser;
  let page;
  let code;
  let loads = 0;
  const history = async () => JSON.parse((await box.command('update', 'history', '--json')).stdout);
  const shows = async (version) => until(async () => (await screenIs(box, 'showing')).version === version);

  before(async () => {
    bucket = await startBucket();
    box = await startManaged(bucket, 'es', 'trial_s = 10\ngate_screens = 1', '[screens]', 'reload_spread_s = 0');
    browser = await launch();
    ({ page } = await openPage(browser));
    page.on('load', () => (loads += 1));
    await page.goto(box.url);
    ({ code } = await screenIs(box, 'showing'));
  });
  after(async () => {
    await browser?.close();
    await box?.stop();
    bucket?.stop();
  });

  test('confirms a version by showing it', async () => {
    bucket.publish('1.1.0');
    assert.equal((await box.command('update', 'apply')).stdout, 'La versión 1.1.0 funciona.\n');
    const { votes } = (await history()).pop();
    assert.deepEqual(votes, { needed: 1, yes: 1, voted: [code], too_few: false });
    assert.equal(loads, 2, 'the first page, and the new one');
  });

  test('has one that throws there taken back', async () => {
    const { version } = await screenIs(box, 'showing');
    bucket.publish('1.6.0');
    const failed = await box.command('update', 'apply').then(() => assert.fail('it was kept'), (error) => error.stderr);
    assert.ok(failed.includes('la versión 1.6.0 falló y volvió la anterior: 0 of the 1 screens needed'), failed);
    assert.ok(failed.includes(`errors on: ${code}`), failed);
    await shows(version);
    assert.equal(loads, 4, 'the new one, and the one before');
  });
});
