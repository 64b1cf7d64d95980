// Real web apps, each built as its framework builds it by default, beside nginx.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { builtApp } from '../support/apps.mjs';
import { startBeside, visit } from '../support/beside.mjs';
import { launch } from '../support/browser.mjs';

/** What `useApp` leaves on the screen. */
const MACHINE = /Machine cnc-1\.2/;

/** Counts in the app, follows its link to a route with a dot in it, and comes there again from outside. */
async function useApp(page) {
  await page.click('button');
  await page.click('a');
  await page.getByText('Machine cnc-1.2').waitFor();
  await page.reload();
  await page.getByText('Machine cnc-1.2').waitFor();
  // Styles that a build loads after the page.
  await page.waitForFunction(() => getComputedStyle(document.querySelector('h2')).color === 'rgb(4, 5, 6)');
}

/** Reads a page from the cache of its service worker, without a network. */
async function useOffline(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  await page.context().setOffline(true);
  await page.reload();
  await page.waitForSelector('.done');
}

const APPS = [
  { name: 'Angular 18', from: 'angular-18', says: MACHINE, act: useApp },
  { name: 'Angular 18 at a route', from: 'angular-18', path: '/machines/press@hall', says: /Machine press@hall/ },
  { name: 'Angular 21', from: 'angular-21', says: MACHINE, act: useApp },
  { name: 'Angular 21 at a route', from: 'angular-21', path: '/machines/press@hall', says: /Machine press@hall/ },
  { name: 'Vue with templates of run time', from: 'vite', folder: 'vue', says: MACHINE, act: useApp },
  { name: 'SQLite in WebAssembly', from: 'vite', folder: 'wasm', says: /42 pieces/ },
  { name: 'workers of a file, of a blob and of pdf.js', from: 'vite', folder: 'workers', says: /6,6 Drawing 7/ },
  { name: 'a PWA', from: 'vite', folder: 'pwa', says: /ready at \/$/, act: useOffline },
];

/** The folder of each npm project's build. */
const built = {};
let browser;
before(async () => {
  browser = await launch();
  const projects = [...new Set(APPS.map(({ from }) => from))];
  const folders = await Promise.all(projects.map(builtApp));
  projects.forEach((project, index) => (built[project] = folders[index]));
});
after(() => browser?.close());

for (const { name, from, folder = '', path, says, act } of APPS) {
  describe(name, () => {
    let beside;
    before(async () => {
      beside = await startBeside(join(built[from], folder));
    });
    after(() => beside?.stop());

    test('runs on the box as on nginx', async () => {
      const how = { path, act, until: () => document.querySelector('h2, .done') };
      const nginx = await visit(browser, beside.servers.nginx, how);
      assert.match(nginx.text, says, `on nginx: ${JSON.stringify(nginx)}`);
      assert.deepEqual(nginx.console, []);
      assert.deepEqual(await visit(browser, beside.servers.box, how), nginx);
    });
  });
}
