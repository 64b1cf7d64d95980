// Screens whose box loses its power, and screens whose cable is pulled out.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { launch } from '../support/browser.mjs';
import { CURRENT, openEngine, openEngineOn } from '../support/engines.mjs';
import { startLan } from '../support/host.mjs';
import { artefact } from '../support/paths.mjs';
import { holds, isOver, isSaidInTime, openAdmin, over, screenIs, screens, screensAre, siteOf, until } from '../support/screens.mjs';

const loads = (tv) => tv.value(`Number(sessionStorage.getItem('loads'))`);

describe('screens that are lost for a while', { concurrency: 2 }, () => {
  let browser;
  let shop;
  before(async () => {
    browser = await launch();
    shop = siteOf('plain');
  });
  after(async () => {
    await browser?.close();
    shop?.remove();
  });

  test('keep their names when the power of the box fails, and when it is started again', async () => {
    const box = await startBox({}, { site: shop.site });
    const tv = await openEngine(CURRENT);
    try {
      await tv.goto(box.url);
      const { id, first_seen } = await screenIs(box, 'showing');
      for (const [name, signal] of [['Pintura 1', 'SIGKILL'], ['Pintura 2', 'SIGTERM']]) {
        const admin = await openAdmin(browser, box);
        // Ended as soon as the name was answered.
        await admin.ask(id, 'rename', { name });
        await box.restart(signal);
        const [known] = (await screens(box)).screens;
        assert.deepEqual([known.id, known.name, known.state], [id, name, 'offline']);
        const screen = await screenIs(box, 'showing');
        assert.deepEqual([screen.id, screen.name, screen.code, screen.first_seen], [id, name, null, first_seen]);
        await isOver(tv, '');
      }
      assert.equal(await loads(tv), 1);
    } finally {
      await tv.close();
      await box.stop();
    }
  });

  test('are offline while they are unplugged, and keep their pictures', async () => {
    const versions = [CURRENT, '67'];
    const lan = await startLan('10.0.0.1', '10.0.0.2', '10.0.0.3');
    const [host, ...places] = lan.hosts;
    const box = await startBox({}, { site: shop.site, host });
    const outside = { url: `http://127.0.0.1:${await host.reach(box.port, host.address)}/` };
    const tvs = [];
    try {
      for (const [at, version] of versions.entries()) tvs.push(await openEngineOn(places[at], version));
      for (const tv of tvs) await tv.goto(box.url);
      const before_ = await screensAre(outside, 'showing', 'showing');
      assert.deepEqual(before_.map((screen) => screen.address).sort(), places.map((place) => place.address));
      for (const place of places) place.unplug();
      const gone = await screensAre(outside, 'offline', 'offline');
      gone.forEach(isSaidInTime);
      for (const tv of tvs) {
        await until(async () => /Sin conexión con el equipo desde las \d\d:\d\d/.test(await over(tv)));
        await holds(tv, `document.querySelector('#version').textContent === 'Versión 1' && document.querySelector('#version').offsetHeight > 0`);
        await tv.screenshot(artefact(`screens-unplugged-${tv.version}.png`));
      }
      for (const place of places) place.plug();
      const back = await screensAre(outside, 'showing', 'showing');
      assert.deepEqual(back.map((screen) => screen.id).sort(), before_.map((screen) => screen.id).sort());
      for (const tv of tvs) {
        await until(async () => !/Sin conexión/.test(await over(tv)));
        assert.equal(await loads(tv), 1);
      }
    } finally {
      for (const tv of tvs) await tv.close();
      await box.stop();
      await lan.close();
    }
  });
});
