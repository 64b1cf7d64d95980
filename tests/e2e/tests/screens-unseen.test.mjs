// What the agent is in a page is not seen: the same pixels, the same console, with it and without it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { builtApp } from '../support/apps.mjs';
import { startBox } from '../support/box.mjs';
import { AFTERNOON, drawn, launch, openPage } from '../support/browser.mjs';
import { artefact } from '../support/paths.mjs';
import { openAdmin, screenIs, screens, until } from '../support/screens.mjs';

const says = (selector, text) => (page) => page.locator(selector).filter({ hasText: text }).first().waitFor();

/** A `folder` of what comes built in npm packages; without, the display that the box has in it. */
const PAGES = [
  { name: 'the display', isShown: drawn },
  { name: 'Swagger UI, a React app of one bundle', folder: 'swagger-ui', isShown: says('.opblock-body', '"pieces": 42') },
  { name: 'docsify', folder: 'docsify', isShown: says('.sidebar-nav .app-sub-sidebar', 'Mill') },
  { name: 'reveal.js', folder: 'reveal', isShown: says('.reveal.ready .hljs', 'cnc') },
  { name: 'TiddlyWiki, which is one file', folder: 'tiddlywiki', isShown: says('.tc-tiddler-frame', 'Welcome') },
];

let browser;
let built;
before(async () => {
  [browser, built] = await Promise.all([launch(), builtApp('public')]);
});
after(() => browser?.close());

/** What is seen of a page, and all that its console says, from its load until the screen has its name and has reported again. */
async function look({ folder, isShown }, agent) {
  const box = await startBox({ demo: true }, { site: folder && join(built, folder), screens: { agent } });
  try {
    const { context, page } = await openPage(browser);
    const said = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`uncaught: ${error}`));
    page.on('requestfailed', (request) => said.push(`failed: ${request.url()}`));
    // The display shows the time, which goes on between two looks; the apps wait by it.
    if (!folder) await page.clock.setFixedTime(AFTERNOON);
    await page.goto(box.url);
    await isShown(page);
    assert.equal(await page.evaluate(() => typeof window.workshopEdge?.agent), agent ? 'string' : 'undefined');
    if (agent) {
      const { id } = await screenIs(box, 'showing');
      await page.waitForFunction(() => document.querySelector('[data-workshop-edge]')?.textContent);
      const admin = await openAdmin(browser, box);
      await admin.ask(id, 'rename', { name: 'Pintura 1' });
      await page.waitForFunction(() => !document.querySelector('[data-workshop-edge]')?.textContent);
      // Its next report, after which nothing has begun that would be seen later.
      const heard = async () => (await screens(box)).screens[0].heard_s;
      await until(async () => (await heard()) > 2);
      await until(async () => (await heard()) <= 2);
      await admin.page.context().close();
    }
    const picture = await page.screenshot({ animations: 'disabled' });
    await context.close();
    return { picture, said: said.map((text) => text.replaceAll(box.url, 'SITE/')) };
  } finally {
    await box.stop();
  }
}

describe('the agent', { concurrency: PAGES.length }, () => {
  for (const of of PAGES) {
    test(`is not to be seen in ${of.name}`, async () => {
      const [without, with_] = [await look(of, false), await look(of, true)];
      const isSame = without.picture.equals(with_.picture);
      for (const [how, { picture }] of Object.entries({ without, with: with_ })) writeFileSync(artefact(`unseen-${of.folder ?? 'display'}-${how}.png`), picture);
      assert.ok(isSame, 'the pictures differ: see the artefacts');
      assert.deepEqual(with_.said, without.said);
    });
  }
});
