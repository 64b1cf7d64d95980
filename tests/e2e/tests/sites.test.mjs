// Whatever runs on nginx runs on the box. Each site of `sites/` is the smallest that needs one thing, and says OK when it
// has it.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startBeside, visit } from '../support/beside.mjs';
import { launch } from '../support/browser.mjs';
import { startElsewhere } from '../support/elsewhere.mjs';
import { here } from '../support/paths.mjs';

const ROUTES = [
  '/machines/cnc-1.2',
  '/user/ana@example.com',
  '/@ana',
  '/items/a%2Fb',
  '/packages/chart.js',
  '/photos/photo.png',
  '/a/very/deep/route/',
  '/M%C3%A1quinas/torno%201',
  '/M%E1quinas',
  '/100%25',
  '/items//b',
  '/releases/v2.0.',
];

/** How a site is opened that is not just opened at `/`. */
const VISITS = {
  directory: [{ path: '/docs' }, { path: '/docs/' }, { path: '/docs/index.html' }],
  'directory-with-query': [{ path: '/docs?of=x' }],
  routes: ROUTES.map((path) => ({ path: `${path}?path=${encodeURIComponent(path)}` })),
  'framed-elsewhere': [{ framing: (site) => `${elsewhere.url}/framing.html?site=${encodeURIComponent(site)}` }],
};

let browser;
let elsewhere;
before(async () => {
  browser = await launch();
  elsewhere = await startElsewhere();
});
after(async () => {
  await elsewhere?.stop();
  await browser?.close();
});

for (const site of readdirSync(here('sites'))) {
  describe(`the site "${site}"`, () => {
    let beside;
    before(async () => {
      beside = await startBeside(here(`sites/${site}`));
    });
    after(() => beside?.stop());

    const visits = VISITS[site] ?? [{ path: /^cross-origin/.test(site) ? () => `/?other=${elsewhere.url}` : '/' }];
    for (const { path, ...rest } of visits) {
      test(`runs on the box as on nginx${typeof path === 'string' ? ` at ${path}` : ''}`, async () => {
        const how = {
          ...rest,
          path: typeof path === 'function' ? path() : path,
          until: () => !/^(WAIT)?$/.test(document.getElementById('r')?.textContent ?? ''),
        };
        const nginx = await visit(browser, beside.servers.nginx, how);
        assert.match(nginx.text, /^OK/, `on nginx: ${JSON.stringify(nginx)}`);
        assert.deepEqual(await visit(browser, beside.servers.box, how), nginx);
      });
    }
  });
}
