import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { launch, openPage } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { openEngine } from '../support/engines.mjs';
import { artefact } from '../support/paths.mjs';

const WORDS = {
  es: { enter: 'Entrar', wrong: 'El PIN no es correcto.', wait: 'Hay que esperar', changed: 'El PIN se ha cambiado.' },
  en: { enter: 'Log in', wrong: 'The PIN is wrong.', wait: 'You have to wait', changed: 'The PIN has been changed.' },
};
const CHOSEN = '13572468';

const pin = (box) => readFileSync(join(box.data, 'admin/pin'), 'utf8');
const another = (digits) => digits.replace(/./g, (digit) => (Number(digit) + 1) % 10);
const admin = (box, below = '', language = 'es') => `${box.url}_edge/admin${below}?lang=${language}`;

async function logIn(page, digits) {
  await page.fill('#pin', digits);
  await Promise.all([page.waitForLoadState('load'), page.click('form button')]);
}

for (const language of ['es', 'en']) {
  describe(`administration in ${language}`, () => {
    const words = WORDS[language];
    let box;
    let browser;
    before(async () => {
      box = await startBox({ demo: true });
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await box?.stop();
    });

    test('lets in whoever knows the PIN, and is read without trouble', async () => {
      const { context, page, problems } = await openPage(browser);
      await page.goto(admin(box, '', language));
      assert.equal(await page.getAttribute('html', 'lang'), language);
      assert.equal(await page.textContent('form button'), words.enter);
      await page.screenshot({ path: artefact(`admin-login-${language}.png`) });
      assert.deepEqual((await contrastFaults(page)).violations, []);
      await logIn(page, pin(box));
      await page.waitForSelector('a[href*="factory-reset"]');
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      await page.screenshot({ path: artefact(`admin-menu-${language}.png`) });
      await page.setViewportSize({ width: 390, height: 844 });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      await page.screenshot({ path: artefact(`admin-menu-phone-${language}.png`), fullPage: true });
      const small = await page.$$eval('a, button', (all) =>
        all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.textContent),
      );
      assert.deepEqual(small, [], 'a thumb hits everything');
      // The whole card leads there, its words too.
      assert.equal(await page.$eval('.sections li', (card) => card.querySelector('a').getBoundingClientRect().height === card.getBoundingClientRect().height), true);
      assert.deepEqual((await contrastFaults(page)).violations, []);
      const [cookie] = await context.cookies();
      assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, true, 'Strict']);
      for (const below of ['/pin', '/support-bundle', '/restart', '/factory-reset']) {
        await page.goto(admin(box, below, language));
        assert.ok(await page.locator('input[name=csrf]').count(), below);
        assert.deepEqual((await contrastFaults(page)).violations, [], below);
      }
      assert.deepEqual(problems, { console: [], uncaught: [] });
      await context.close();
    });

    test('is reached by thumb from the display, where the code on the wall leads', async () => {
      const { context, page } = await openPage(browser, { width: 390, height: 844 });
      await page.goto(`${box.url}`);
      await page.waitForSelector('.this-box');
      assert.ok((await page.locator('.this-box').boundingBox()).height >= 44);
      await Promise.all([page.waitForURL('**/_edge/'), page.click('.this-box')]);
      await page.goto(`${page.url()}?lang=${language}`);
      await Promise.all([page.waitForURL('**/_edge/admin?*'), page.click('a[href*="/_edge/admin"]')]);
      await logIn(page, pin(box));
      await page.waitForSelector('a[href*="factory-reset"]');
      await context.close();
    });

    test('gives a support bundle', async () => {
      const { context, page } = await openPage(browser, { acceptDownloads: true });
      await page.goto(admin(box, '', language));
      await logIn(page, pin(box));
      await page.goto(admin(box, '/support-bundle', language));
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('form[action*="support-bundle"] button')]);
      const names = execFileSync('tar', ['-tzf', await download.path()], { encoding: 'utf8' });
      assert.match(names, /MANIFEST\.txt/);
      await context.close();
    });

    test('a form of another site is refused, with the cookie and with its own token', async () => {
      const { context, page } = await openPage(browser);
      await page.goto(admin(box, '', language));
      await logIn(page, pin(box));
      await page.goto(admin(box, '/restart', language));
      const before_ = (await (await fetch(`${box.url}_edge/status.json`)).json()).uptime_s;
      await page.evaluate(() => document.querySelectorAll('input[name=csrf]').forEach((input) => input.setAttribute('value', 'another')));
      const [refused] = await Promise.all([page.waitForResponse(/restart/), page.click('form[action*="/restart"] button')]);
      assert.equal(refused.status(), 403);
      // The same browser, on a page of somebody else's: the cookie stays at home, and the form is turned away.
      await page.route('http://evil.example/', (route) =>
        route.fulfill({ contentType: 'text/html', body: `<form method="post" action="${admin(box, '/restart')}"><button>x</button></form>` }),
      );
      await page.goto('http://evil.example/');
      const [foreign] = await Promise.all([page.waitForResponse(/admin\/restart/), page.click('button')]);
      assert.equal(foreign.status(), 403);
      assert.ok((await (await fetch(`${box.url}_edge/status.json`)).json()).uptime_s >= before_, 'nothing has restarted');
      await context.close();
    });

    test('slows down whoever guesses', async () => {
      const { context, page } = await openPage(browser);
      // On its way before, since the first wait ends after two seconds.
      const right = await context.newPage();
      await right.goto(admin(box, '', language));
      await right.fill('#pin', pin(box));
      let release;
      const isLocked = new Promise((resolve) => (release = resolve));
      await right.route(/login/, async (route) => {
        await isLocked;
        await route.continue();
      });
      const answer = right.waitForResponse(/login/);
      const sent = right.click('form button');
      const wrong = another(pin(box));
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        await page.goto(admin(box, '', language));
        if (attempt === 3) page.waitForResponse(/login/).then(release);
        await logIn(page, wrong);
        assert.ok((await page.textContent('[role=alert]')).includes(words.wrong));
      }
      const [locked] = await Promise.all([answer, sent]);
      assert.equal(locked.status(), 429);
      assert.ok((await right.textContent('body')).includes(words.wait));
      await right.screenshot({ path: artefact(`admin-wait-${language}.png`) });
      await context.close();
    });

    test('changes the PIN', async () => {
      const { context, page } = await openPage(browser);
      const old = pin(box);
      // Whoever guessed before has made this address wait.
      for (;;) {
        await page.goto(admin(box, '', language));
        await logIn(page, old);
        if (await page.locator('a[href*="factory-reset"]').count()) break;
      }
      await page.goto(admin(box, '/pin', language));
      await page.fill('input[name=current]', old);
      await page.fill('input[name=new]', CHOSEN);
      await page.fill('input[name=again]', CHOSEN);
      await page.click('form[action*="/pin"] button');
      await page.waitForSelector('[role=status]');
      assert.ok((await page.textContent('[role=status]')).includes(words.changed));
      await logIn(page, old);
      assert.ok((await page.textContent('[role=alert]')).includes(words.wrong));
      await logIn(page, CHOSEN);
      await page.waitForSelector('a[href*="factory-reset"]');
      await context.close();
    });
  });
}

describe('a foreign name that leads to the box', () => {
  test('gets the display and nothing of the box', async () => {
    const box = await startBox({ demo: true });
    const browser = await launch('--host-resolver-rules=MAP evil.example 127.0.0.1');
    try {
      const { page } = await openPage(browser);
      const at = `http://evil.example:${box.port}`;
      assert.equal((await page.goto(`${at}/`)).status(), 200);
      for (const path of ['/_edge/', '/_edge/status.json', '/_edge/admin', '/api/orders']) {
        assert.equal((await page.goto(`${at}${path}`)).status(), 421, path);
      }
      assert.match(await page.textContent('body'), /El equipo no se llama así/);
    } finally {
      await browser.close();
      await box.stop();
    }
  });
});

describe('administration in Chromium 64', () => {
  test('lets in whoever knows the PIN', async () => {
    const box = await startBox({ demo: true });
    const engine = await openEngine('64');
    try {
      await engine.goto(admin(box));
      await engine.until(`document.querySelector('#pin')`);
      await engine.value(`document.querySelector('#pin').value = '${pin(box)}', document.querySelector('form').submit()`);
      // Cookies marked Secure need HTTPS there: Chromium takes them over loopback since 89 only.
      await engine.until(`document.readyState === 'complete' && /admin/.test(location.pathname)`);
      assert.deepEqual(engine.faults, []);
    } finally {
      await engine.close();
      await box.stop();
    }
  });
});
