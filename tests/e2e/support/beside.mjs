// One site on nginx and on the box, and what a browser makes of each.
import { startBox } from './box.mjs';
import { openPage } from './browser.mjs';
import { startNginx } from './nginx.mjs';

export async function startBeside(site) {
  const nginx = await startNginx(site);
  let box;
  try {
    box = await startBox({}, { site });
  } catch (error) {
    await nginx.stop();
    throw error;
  }
  return {
    servers: { nginx, box },
    async stop() {
      await box.stop();
      await nginx.stop();
    },
  };
}

/**
 * Opens a site, waits in the page until the condition holds, and gives what is seen and what went wrong. Addresses of the
 * server in it are written as `SITE`.
 */
export async function visit(browser, server, { path = '/', framing, until, act } = {}) {
  const { context, page, problems } = await openPage(browser, { width: 1280, height: 720 });
  const failed = [];
  page.on('requestfailed', (request) => failed.push(`${request.url()}: ${request.failure().errorText}`));
  page.on('response', (response) => response.status() >= 400 && failed.push(`${response.url()}: ${response.status()}`));
  const site = server.url.replace(/\/$/, '');
  try {
    await page.goto(framing ? framing(site) : site + path);
    await page.waitForFunction(until);
    await act?.(page);
    const seen = await page.evaluate(() => ({
      at: location.href,
      charset: document.characterSet,
      text: document.body.innerText,
      // What is drawn, as far as styles decide it.
      boxes: [...document.body.querySelectorAll('*')].map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return `${element.localName} ${[x, y, width, height].map(Math.round)} ${getComputedStyle(element).color}`;
      }),
    }));
    // A picture that browsers ask for without being told to; nginx gives the page for it.
    const asked = problems.console.filter((text) => !text.endsWith('/favicon.ico'));
    // The agent's own, where the page was left or had no network meanwhile.
    const isOfSite = (text) => !(text.includes('/_edge/') && text.includes('net::ERR_'));
    const result = { ...seen, console: asked.filter(isOfSite), uncaught: problems.uncaught, failed: failed.filter(isOfSite) };
    return JSON.parse(JSON.stringify(result).replaceAll(site, 'SITE').replaceAll(encodeURIComponent(site), 'SITE'));
  } finally {
    await context.close();
  }
}
