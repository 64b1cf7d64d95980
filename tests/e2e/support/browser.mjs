// The current Chromium, and pages that remember whatever went wrong in them.
import { chromium } from 'playwright-core';

export const SIZES = [
  [1920, 1080],
  [1280, 720],
  [1280, 623],
  // A television that hangs upright, and a telephone.
  [1080, 1920],
  [390, 844],
];
/** A working afternoon, so that the demonstration has something to show at any time of the real day. */
export const AFTERNOON = new Date(2026, 10, 24, 14, 32, 10);

/** What a browser is waited for at most. A machine with much to do may take its time; this only ends what would never come. */
const PATIENCE_MS = 200_000;

export function launch(...more) {
  return chromium.launch({
    timeout: PATIENCE_MS,
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-quic',
      '--js-flags=--expose-gc',
      ...more,
    ],
  });
}

export async function openPage(browser, { width = 1920, height = 1080, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const problems = { console: [], uncaught: [] };
  page.on('console', (message) => {
    if (message.type() === 'error') problems.console.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => problems.uncaught.push(String(error)));
  return { context, page, problems };
}

/** The page is drawn: machines, and the bars of the chart. */
export async function drawn(page) {
  await page.waitForSelector('.tile');
  await page.waitForSelector('.chart .hour-name');
}

export const shown = (page, name) => page.textContent(`[data-value="${name}"]`);

export async function until(page, selector, text) {
  await page.waitForFunction(
    ([where, wanted]) => (document.querySelector(where)?.textContent ?? '').includes(wanted),
    [selector, text],
  );
}

/** Another size, once what is measured has followed it. */
export async function resize(page, width, height) {
  await page.setViewportSize({ width, height });
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Lets the page's own clock run on until its requests, which take real time, have led to what is waited for. */
export async function play(page, done) {
  for (let second = 0; second < 900; second++) {
    if (await done()) return;
    await page.clock.runFor(1000);
  }
  throw new Error(`a quarter of an hour of the page's time did not lead to ${done}`);
}
