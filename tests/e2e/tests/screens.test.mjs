import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { launch, openPage } from '../support/browser.mjs';
import { CURRENT, openEngine } from '../support/engines.mjs';
import { startOrigin } from '../support/live.mjs';
import { artefact } from '../support/paths.mjs';
import { holds, isOver, isSaidInTime, openAdmin, over, screenIs, screens, screensAre, siteOf, startCache, startHold, startWay, until } from '../support/screens.mjs';

/** Today's, and such as televisions of 2018 and 2021 have. */
const ENGINES = [CURRENT, '92', '67'];

const loads = (engine) => engine.value(`Number(sessionStorage.getItem('loads'))`);
/** How the one order of a screen that is alone ended. */
const ended = (box, what, result) =>
  until(async () => {
    const [{ orders, last_order: last }] = (await screens(box)).screens;
    if (orders.length > 0 || last?.do !== what) return false;
    assert.equal(last.result, result);
    return true;
  });

/** The version of the site that a page is of, by its own word. */
const siteShown = (engine) => engine.value(`document.querySelector('script[data-site]').getAttribute('data-site')`);

const idOf = async (engine) => (await engine.value(`localStorage.getItem('workshop-edge')`)).slice(0, 16);
/** Whether this text, and no other, lies over the whole screen. */
const fills = (text) => `(function () {
  var all = [].slice.call(document.querySelectorAll('[data-workshop-edge] > *'));
  var isWhole = function (one) { return one.offsetWidth === 1920 && one.offsetHeight === 1080; };
  return all.some(isWhole) && all.every(function (one) { return one.textContent === '${text}'; });
})()`;

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

describe('a television', { concurrency: ENGINES.length + 1 }, () => {
  for (const version of ENGINES) {
    describe(`with Chromium ${version}`, { concurrency: 1 }, () => {
      let shop;
      let box;
      let hold;
      let admin;
      let tv;
      let id;
      before(async () => {
        shop = siteOf('plain');
        shop.write('other.html', '<!doctype html><html><head><title>x</title><link rel="icon" href="/icon.svg"></head><body><h1>Otra</h1></body></html>');
        box = await startBox({}, { site: shop.site, screens: { stale_s: 10, reload_spread_s: 0 } });
        hold = await startHold();
        admin = await openAdmin(browser, box);
        tv = await openEngine(version);
        await tv.goto(box.url);
      });
      after(async () => {
        await tv?.close();
        await hold?.close();
        await box?.stop();
        shop?.remove();
      });

      const shows = (condition) => holds(tv, condition);
      const file = (name) => artefact(`screens-${version}-${name}.png`);

      test('appears without a name, under a code that is on it', async () => {
        const screen = await screenIs(box, 'showing');
        id = screen.id;
        assert.equal(screen.name, null);
        assert.match(screen.code, /^[A-Z0-9]{4}$/);
        await isOver(tv, screen.code);
        assert.equal((await screenIs(box, 'showing')).is_code_shown, true);
        assert.deepEqual([screen.viewport, screen.address], [{ width: 1920, height: 1080, ratio: 1 }, '127.0.0.1']);
        await tv.screenshot(file('code'));
      });

      test('is given a name, and its code goes', async () => {
        await admin.ask(id, 'rename', { name: 'Pintura 1' });
        await isOver(tv, '');
        const screen = await until(async () => (await screens(box)).screens.find((one) => one.name === 'Pintura 1'));
        assert.deepEqual([screen.id, screen.code], [id, null]);
      });

      test('says who it is', async () => {
        await admin.ask(id, 'identify');
        await isOver(tv, 'Pintura 1');
        await tv.screenshot(file('identify'));
        await ended(box, 'identify', 'done');
        await isOver(tv, '');
      });

      test('shows a message, as text', async () => {
        await admin.ask(id, 'message', { text: 'Reunión <b>a las 10</b>', for_s: '5' });
        await isOver(tv, 'Reunión <b>a las 10</b>');
        await tv.screenshot(file('message'));
        await ended(box, 'message', 'done');
        await isOver(tv, '');
      });

      test('loads its page anew, once', async () => {
        const before_ = await loads(tv);
        await admin.ask(id, 'reload');
        await shows(`Number(sessionStorage.getItem('loads')) > ${before_}`);
        await ended(box, 'reload', 'done');
        await screenIs(box, 'showing');
        assert.equal(await loads(tv), before_ + 1);
      });

      test('goes elsewhere and back', async () => {
        for (const view of ['/other.html', '/']) {
          await admin.ask(id, 'go', { view });
          await shows(`location.pathname === '${view}'`);
          await screenIs(box, 'showing');
        }
      });

      test('gives a picture of its page', async () => {
        await admin.ask(id, 'picture');
        await ended(box, 'picture', 'done');
        const { type, bytes } = await admin.picture(id);
        assert.equal(type, 'image/jpeg');
        assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8]);
        assert.equal(await admin.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
        await admin.page.screenshot({ path: file('picture'), fullPage: true });
      });

      test('is frozen while a script of the page holds its thread', async () => {
        // So far, nothing of all this was to be seen in the console.
        assert.deepEqual(tv.faults, []);
        await tv.value(`void setTimeout(function () {
          for (var status = 0; status !== 200;) {
            var request = new XMLHttpRequest();
            request.open('GET', '${hold.url}', false);
            // Chromium 67 gives up on one that takes long.
            try { request.send(); status = request.status; } catch (error) {}
          }
        }, 0)`);
        await hold.isAsked();
        const frozen = await screenIs(box, 'frozen');
        assert.ok(frozen.heard_s >= 25, `${frozen.heard_s} s`);
        isSaidInTime(frozen);
        hold.letGo();
        await screenIs(box, 'showing');
      });

      test('is blank while its page has nothing in it', async () => {
        await tv.value(`window.kept = document.body.innerHTML, document.body.innerHTML = '<div id="root"></div>', 0`);
        await screenIs(box, 'blank');
        await tv.value(`document.body.innerHTML = window.kept, 0`);
        await screenIs(box, 'showing');
      });

      test('is stale while its data is old', async () => {
        await tv.value(`window.workshopEdge.dataAge = 600`);
        assert.equal((await screenIs(box, 'stale')).data_age_s, 600);
        await tv.value(`window.workshopEdge.dataAge = function () { return 1; }, 0`);
        await screenIs(box, 'showing');
      });

      test('is hidden while nobody can see its page', async () => {
        if (version === CURRENT) {
          const other = await tv.openTab();
          await other.send('Page.bringToFront');
          await screenIs(box, 'hidden');
          await other.close();
        } else {
          // Without windows, these take every page for a visible one.
          const isHidden = (value) =>
            tv.value(`Object.defineProperty(document, 'hidden', { value: ${value}, configurable: true }), document.dispatchEvent(new Event('visibilitychange'))`);
          await isHidden(true);
          await screenIs(box, 'hidden');
          await isHidden(false);
        }
        await screenIs(box, 'showing');
      });

      test('has errors for a minute after one of its script', async () => {
        await tv.value(`void setTimeout(function () { throw new Error('of the page'); }, 0)`);
        const { errors } = await screenIs(box, 'errors');
        assert.deepEqual([errors.script, errors.rejection, errors.resource], [1, 0, 0]);
        // The error is the page's: one that is loaded anew has none.
        await tv.goto(box.url);
        await screenIs(box, 'showing');
      });

      test('has errors for a minute after a file that does not load', async () => {
        await tv.value(`void document.body.appendChild(new Image()).setAttribute('src', '/none.png')`);
        const { errors } = await screenIs(box, 'errors');
        assert.deepEqual([errors.script, errors.rejection, errors.resource], [0, 0, 1]);
        const showing = await screenIs(box, 'showing');
        assert.equal(showing.errors.resource, 1);
      });

      test('with two tabs is one screen', async () => {
        const other = await tv.openTab();
        await other.goto(box.url);
        const both = await until(async () => {
          const all = (await screens(box)).screens;
          return all.some((one) => one.pages > 1) && all;
        });
        assert.deepEqual(both.map((one) => [one.id, one.pages]), [[id, 2]]);
        await other.close();
        await until(async () => (await screenIs(box, 'showing')).pages === 1);
      });

      test('is offline once it is switched off, and the same one with its storage cleared', async () => {
        await tv.close();
        isSaidInTime(await screenIs(box, 'offline'));
        tv = await openEngine(version);
        await tv.goto(box.url);
        const screen = await screenIs(box, 'showing');
        assert.deepEqual([screen.id, screen.name], [id, 'Pintura 1']);
        assert.equal(await over(tv), '');
        assert.equal(await idOf(tv), id);
      });

      test('says that the box is away, until it is back', async () => {
        // Of its own, since this box takes its screens with it.
        const first = await startBox({}, { site: shop.site });
        await tv.goto(first.url);
        await screenIs(first, 'showing');
        await first.stop();
        await until(async () => /Sin conexión con el equipo desde las \d\d:\d\d/.test(await over(tv)));
        await tv.screenshot(file('away'));
        const second = await startBox({}, { site: shop.site, at: first.port });
        const { code } = await screenIs(second, 'showing');
        await isOver(tv, code);
        await second.stop();
      });
    });
  }

  describe('beside others', { concurrency: 1 }, () => {
    test('stays another one with a copied profile', async () => {
      const shop = siteOf('plain');
      const box = await startBox({}, { site: shop.site });
      const way = await startWay(box, '127.0.0.2');
      const one = await openEngine(CURRENT);
      let other;
      try {
        await one.goto(box.url);
        await screenIs(box, 'showing');
        const kept = await until(() => one.value(`localStorage.getItem('workshop-edge')`));
        other = await openEngine(CURRENT, `--host-resolver-rules=MAP 127.0.0.1:${box.port} 127.0.0.1:${way.port}`);
        await other.beforeScripts(`if (location.protocol === 'http:' && !localStorage.length) localStorage.setItem('workshop-edge', '${kept}')`);
        await other.goto(box.url);
        const both = await screensAre(box, 'showing', 'showing');
        assert.deepEqual(both.map((screen) => screen.address).sort(), ['127.0.0.1', '127.0.0.2']);
        assert.equal(both.find((screen) => screen.address === '127.0.0.1').id, kept.slice(0, 16));
        const own = await until(async () => {
          const now = await other.value(`localStorage.getItem('workshop-edge')`);
          return now !== kept && now;
        });
        assert.equal(own.slice(0, 16), both.find((screen) => screen.address === '127.0.0.2').id);
        assert.equal(await one.value(`localStorage.getItem('workshop-edge')`), kept);
      } finally {
        await other?.close();
        await one.close();
        await way.close();
        await box.stop();
        shop.remove();
      }
    });

    test('loads another version of the site, once', async () => {
      const shop = siteOf('plain');
      const box = await startBox({}, { site: shop.site, screens: { reload_spread_s: 0 } });
      const tvs = [];
      try {
        for (const version of ENGINES) tvs.push(await openEngine(version));
        for (const tv of tvs) await tv.goto(box.url);
        const [{ version }] = await screensAre(box, ...ENGINES.map(() => 'showing'));
        shop.write('index.html', '<!doctype html><html><head><script>sessionStorage.setItem("loads", Number(sessionStorage.getItem("loads")) + 1);</script></head><body><h1 id="version">Versión 2</h1></body></html>');
        for (const tv of tvs) await holds(tv, `(document.querySelector('#version') || {}).textContent === 'Versión 2'`);
        const isNew = (screen) => screen.version !== version && screen.pages === 1;
        await until(async () => (await screensAre(box, ...ENGINES.map(() => 'showing'))).every(isNew));
        for (const tv of tvs) assert.equal(await loads(tv), 2);
      } finally {
        for (const tv of tvs) await tv.close();
        await box.stop();
        shop.remove();
      }
    });

    test('is outdated where a cache keeps it from another version, does not load it over and over, and shows it once it can', async () => {
      const shop = siteOf('plain');
      const box = await startBox({}, { site: shop.site, screens: { reload_spread_s: 0 } });
      const cache = await startCache(box, '0123456789abcdef');
      const tv = await openEngine(CURRENT);
      try {
        await tv.goto(cache.url);
        const { id, version } = await screenIs(box, 'outdated');
        assert.equal(version, '0123456789abcdef');
        assert.equal(await loads(tv), 2);
        cache.empty();
        const admin = await openAdmin(browser, box);
        await admin.ask(id, 'reload');
        const showing = await screenIs(box, 'showing');
        assert.deepEqual([showing.id, await siteShown(tv)], [id, showing.version]);
        assert.notEqual(showing.version, version);
        assert.equal(await loads(tv), 3);
      } finally {
        await tv.close();
        await cache.close();
        await box.stop();
        shop.remove();
      }
    });

    test('says its own name, or its code, at once with all the others', async () => {
      const shop = siteOf('plain');
      const box = await startBox({}, { site: shop.site });
      const tvs = [];
      try {
        for (const version of [CURRENT, '67']) tvs.push(await openEngine(version));
        for (const tv of tvs) await tv.goto(box.url);
        const all = await screensAre(box, 'showing', 'showing');
        const ids = await Promise.all(tvs.map(idOf));
        const { code } = all.find((screen) => screen.id === ids[1]);
        const admin = await openAdmin(browser, box);
        await admin.ask(ids[0], 'rename', { name: 'Pintura 1' });
        await isOver(tvs[0], '');
        await admin.askAll('identify');
        const says = ['Pintura 1', code];
        await until(async () => (await Promise.all(tvs.map((tv, at) => tv.value(fills(says[at]))))).every(Boolean));
        for (const tv of tvs) await tv.screenshot(artefact(`screens-identify-all-${tv.version}.png`));
      } finally {
        for (const tv of tvs) await tv.close();
        await box.stop();
        shop.remove();
      }
    });

    test('carries the agent into a page whose policy allows next to nothing', async () => {
      const shop = siteOf('strict');
      const box = await startBox({}, { site: shop.site });
      try {
        for (const version of ENGINES) {
          const tv = await openEngine(version);
          try {
            await tv.goto(box.url);
            const codes = async () => (await screens(box)).screens.map((screen) => screen.code);
            await until(async () => (await codes()).includes(await over(tv)));
            assert.deepEqual(tv.faults, []);
          } finally {
            await tv.close();
          }
        }
        const all = (await screens(box)).screens;
        assert.deepEqual(all.map(({ errors: { policy, script } }) => [policy, script]), ENGINES.map(() => [0, 0]));
      } finally {
        await box.stop();
        shop.remove();
      }
    });

    test("shows the ERP's figures over its one channel", async () => {
      const box = await startBox();
      const origin = await startOrigin(box.port);
      try {
        for (const version of ENGINES) {
          const tv = await openEngine(version);
          const before = origin.wall.asked.streams.length;
          try {
            await tv.goto(origin.url);
            await tv.until(`document.querySelector('.tile') && document.querySelector('[data-value=completed]').textContent !== '–'`);
            await until(async () => (await screens(box)).screens.some((screen) => screen.state === 'showing' && screen.data_age_s !== null));
            assert.deepEqual([origin.wall.asked.questions.length, origin.wall.viewers], [0, 1]);
            // Where the display is later than the agent, the channel begins anew with everything.
            assert.ok([1, 2].includes(origin.wall.asked.streams.length - before));
            const produced = origin.wall.value('counts').completed + 1;
            origin.wall.change({ parts: { counts: { value: { ...origin.wall.value('counts'), completed: produced } } } });
            await tv.until(`document.querySelector('[data-value=produced]').textContent === '${produced}'`);
            assert.deepEqual(tv.faults, []);
          } finally {
            await tv.close();
          }
          await until(() => origin.wall.viewers === 0);
        }
      } finally {
        await origin.close();
        await box.stop();
      }
    });

    test('is on the page of all screens, on a telephone and on a wall', async () => {
      const box = await startBox({ demo: true });
      const tvs = [];
      try {
        for (const version of ENGINES) tvs.push(await openEngine(version));
        for (const tv of tvs) await tv.goto(box.url);
        const all = await screensAre(box, ...ENGINES.map(() => 'showing'));
        const admin = await openAdmin(browser, box);
        await admin.ask(all[0].id, 'rename', { name: 'Línea de montaje, junto a la puerta este' });
        await tvs[0].value(`document.body.innerHTML = '', 0`);
        for (const [width, height] of [[1920, 1080], [390, 844]]) {
          const { context, page, problems } = await openPage(browser, { width, height, locale: 'es-ES' });
          await page.goto(`${box.url}_edge/screens`);
          await page.waitForSelector('.tv[data-state=blank]');
          assert.equal(await page.locator('.tv').count(), ENGINES.length);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
          await page.screenshot({ path: artefact(`screens-list-${width}.png`), fullPage: true });
          assert.deepEqual(problems, { console: [], uncaught: [] });
          await context.close();
        }
      } finally {
        for (const tv of tvs) await tv.close();
        await box.stop();
      }
    });
  });
});
