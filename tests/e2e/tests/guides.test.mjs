// The guides for technicians as they leave a printer: on A4, by the browser that most have.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { launch, openPage } from '../support/browser.mjs';
import { artefact, here } from '../support/paths.mjs';

const docs = (path) => here(join('../../packaging/docs', path));
const GUIDES = ['es/tecnico.html', 'en/technician.html'];
const LISTS = ['es/mensajes.html', 'en/messages.html'];

/** The pages of a PDF of Chromium's, which leaves their objects uncompressed. */
const pages = (pdf) => pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length;

describe('the guides for technicians', () => {
  let browser;
  before(async () => { browser = await launch(); });
  after(() => browser?.close());

  const print = async (path) => {
    const { context, page, problems } = await openPage(browser);
    await page.goto(pathToFileURL(docs(path)).href);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    writeFileSync(artefact(`guide-${path.replace('/', '-')}.pdf`), pdf);
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: 794, height: 1123 });
    await page.screenshot({ path: artefact(`guide-${path.replace('/', '-')}.png`), fullPage: true });
    const seen = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
      blank: [...document.images].filter((picture) => picture.naturalWidth === 0).map((picture) => picture.src),
      links: [...document.querySelectorAll('a[href],link[href]')].map((link) => link.getAttribute('href')),
    }));
    await context.close();
    return { pdf, problems, ...seen };
  };

  for (const path of [...GUIDES, ...LISTS]) {
    test(path, async () => {
      const { pdf, problems, wide, blank, links } = await print(path);
      assert.deepEqual({ problems, wide, blank }, { problems: { console: [], uncaught: [] }, wide: false, blank: [] });
      const lost = links.filter((link) => !existsSync(join(dirname(docs(path)), link)));
      assert.deepEqual(lost, []);
      if (GUIDES.includes(path)) assert.equal(pages(pdf), 2, 'two pages of A4');
    });
  }
});
