import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { AFTERNOON } from '../support/browser.mjs';
import { OLD_ENGINES, openEngine } from '../support/engines.mjs';
import { startOrigin } from '../support/live.mjs';
import { artefact } from '../support/paths.mjs';

/** Runs before the page's own scripts, in the engine: the time of day, as ES5. */
const clock = `(function () {
  var Real = Date, shift = ${AFTERNOON.getTime()} - Real.now();
  function Moved(a, b, c, d, e, f, g) {
    if (!(this instanceof Moved)) return new Real(Real.now() + shift).toString();
    if (arguments.length === 0) return new Real(Real.now() + shift);
    if (arguments.length === 1) return new Real(a);
    return new Real(a, b, c || 1, d || 0, e || 0, f || 0, g || 0);
  }
  Moved.prototype = Real.prototype;
  Moved.now = function () { return Real.now() + shift; };
  Moved.parse = Real.parse;
  Moved.UTC = Real.UTC;
  window.Date = Moved;
})();`;

/** Takes away what came after Chromium 38, as far as it can be taken away from a later one. */
const onlyChromium38 = `(function () {
  function strip(owner, names) {
    names.split(' ').forEach(function (name) {
      if (owner && name in owner) try { delete owner[name]; if (name in owner) owner[name] = undefined; } catch (e) {}
    });
  }
  strip(window, 'fetch Request Response Headers AbortController AbortSignal ResizeObserver IntersectionObserver ' +
    'queueMicrotask requestIdleCallback URLSearchParams Proxy Reflect BigInt WeakRef FinalizationRegistry globalThis ' +
    'structuredClone ReadableStream WritableStream TransformStream BroadcastChannel CSSStyleSheet');
  strip(Object, 'assign entries values fromEntries getOwnPropertyDescriptors hasOwn');
  strip(Array, 'from of');
  strip(Array.prototype, 'fill find findIndex findLast includes flat flatMap at copyWithin values');
  strip(String.prototype, 'includes startsWith endsWith repeat codePointAt padStart padEnd matchAll replaceAll trimStart trimEnd at');
  strip(String, 'raw fromCodePoint');
  strip(Promise, 'allSettled any');
  strip(Promise.prototype, 'finally');
  strip(Symbol, 'toStringTag hasInstance asyncIterator toPrimitive species match replace search split isConcatSpreadable');
  strip(Symbol.prototype, 'description');
  strip(Uint8Array, 'from of');
  strip(Object.getPrototypeOf(Uint8Array.prototype), 'fill find findIndex includes from slice map forEach join indexOf');
  strip(Element.prototype, 'closest append prepend before after replaceWith toggleAttribute getAttributeNames animate');
  strip(Document.prototype, 'append prepend');
  strip(CharacterData.prototype, 'before after replaceWith');
  strip(NodeList.prototype, 'forEach entries keys values');
  strip(DOMTokenList.prototype, 'forEach replace');
  strip(MediaQueryList.prototype, 'addEventListener removeEventListener onchange');
  if (window.matchMedia('all').addEventListener) MediaQueryList.prototype.addEventListener = undefined;
  strip(HTMLScriptElement.prototype, 'noModule');
  strip(Node.prototype, 'isConnected getRootNode');
  strip(navigator, 'sendBeacon');
  strip(Intl.DateTimeFormat.prototype, 'formatToParts');
  strip(Intl.NumberFormat.prototype, 'formatToParts');
  window.stripped = true;
})();`;

/** Names and boxes of the machines, and the bars that can be seen. */
const picture = `(function () {
  var tiles = [].slice.call(document.querySelectorAll('.tile-name'));
  var bars = [].slice.call(document.querySelectorAll('.hour-bar')).filter(function (bar) {
    var box = bar.getBoundingClientRect();
    return box.width > 5 && box.height > 2;
  });
  return {
    names: tiles.map(function (tile) { return tile.textContent; }),
    inside: tiles.every(function (tile) {
      var box = tile.getBoundingClientRect();
      return box.width > 20 && box.height > 10 && box.left >= innerWidth * 0.05 - 1 && box.top >= innerHeight * 0.05 - 1 &&
        box.right <= innerWidth * 0.95 + 1 && box.bottom <= innerHeight * 0.95 + 1;
    }),
    scrolls: document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth,
    cut: [].slice.call(document.querySelectorAll('.card')).filter(function (card) {
      return [].slice.call(card.querySelectorAll('p, h2, .tile, .alert')).some(function (child) {
        return child.getBoundingClientRect().bottom > card.getBoundingClientRect().bottom + 1;
      });
    }).map(function (card) { return card.className; }),
    bars: bars.length,
    scripts: [].slice.call(document.scripts).map(function (script) { return script.src; }).join(' '),
    status: document.querySelector('.status').textContent
  };
})()`;

let box;
let demo;
let origin;
before(async () => {
  box = await startBox();
  demo = await startBox({ demo: true });
  origin = await startOrigin(box.port);
});
after(async () => {
  await origin?.close();
  await demo?.stop();
  await box?.stop();
});

const lab = [...OLD_ENGINES.map((version) => [version, `Chromium ${version}`]), ['64', 'Chromium 38, as far as 64 can play it']];
for (const [index, [version, name]] of lab.entries()) {
  const stripped = index === OLD_ENGINES.length;
  describe(name, () => {
    let engine;
    before(async () => {
      engine = await openEngine(version);
      await engine.beforeScripts(clock + (stripped ? onlyChromium38 : ''));
    });
    after(() => engine?.close());

    const look = async (url, file) => {
      engine.faults.length = 0;
      await engine.goto(url);
      await engine.until(
        `location.href === '${url}' && document.querySelector('.tile') && document.querySelector('.hour-bar')`,
      );
      await engine.until(`document.querySelector('[data-value=completed]').textContent !== '–'`);
      const seen = await engine.value(picture);
      await engine.screenshot(artefact(file));
      return seen;
    };
    const label = stripped ? '38-like' : version;

    test('is what it says', async () => {
      assert.match(await engine.product(), new RegExp(`Chrome/${version}\\.`));
    });

    test("holds the display to the page's own policy", async () => {
      await engine.goto(demo.url);
      // Later, since whatever the protocol evaluates is allowed to evaluate.
      const evaluated = `new Promise(function (resolve) { setTimeout(function () {
        try { resolve(String(new Function('return 1')())); } catch (error) { resolve(error.name); }
      }, 0); })`;
      assert.equal(await engine.value(evaluated), 'EvalError');
    });

    test("shows the ERP's data, and what changes in it", async () => {
      const seen = await look(origin.url, `engine-${label}-erp.png`);
      assert.equal(await engine.value('window.stripped === true'), stripped);
      assert.deepEqual(seen.names, origin.wall.value('machines').map((machine) => machine.name));
      assert.equal(seen.inside, true);
      assert.equal(seen.scrolls, false);
      assert.deepEqual(seen.cut, []);
      assert.equal(seen.bars, 9);
      assert.equal(seen.status, 'Datos al día');
      assert.equal(/-legacy-/.test(seen.scripts), Number(version) < 85);
      const produced = origin.wall.value('counts').completed + 1;
      origin.wall.change({ parts: { counts: { value: { ...origin.wall.value('counts'), completed: produced } } } });
      await engine.until(`document.querySelector('[data-value=produced]').textContent === '${produced}'`);
      const text = { es: 'El ERP no responde a tiempo: se vuelve a intentar.', en: '' };
      origin.wall.change({ link: { state: 'away', since_s: 600, reason: 'timeout', text }, parts: { machines: { age_s: 600, late: true } } });
      await engine.until(`document.querySelector('[data-badge=erp]') && document.querySelector('[data-late=machines]')`);
      await engine.screenshot(artefact(`engine-${label}-erp-away.png`));
      assert.deepEqual((await engine.value(picture)).cut, []);
      origin.wall.change({ link: { state: 'up' }, parts: { machines: { late: false } } });
      await engine.until(`!document.querySelector('.badge, [data-late]')`);
      assert.deepEqual(engine.faults, []);
    });

    test('plays the demonstration', async () => {
      const seen = await look(demo.url, `engine-${label}-demo.png`);
      assert.equal(seen.names.length, 8);
      assert.equal(seen.inside, true);
      assert.equal(seen.scrolls, false);
      assert.deepEqual(seen.cut, []);
      assert.ok(seen.bars > 6, `${seen.bars} bars`);
      assert.match(seen.status, /no son reales/);
      assert.deepEqual(engine.faults, []);
    });
  });
}
