// Televisions, as the box knows them and as people name them and ask things of them.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openPage } from './browser.mjs';
import { here } from './paths.mjs';

/** Looks until the condition gives something, and gives that. */
export async function until(condition) {
  for (;;) {
    const found = await condition();
    if (found) return found;
    await pause(200);
  }
}

/** On a connection of its own: a kept one may be closed in the moment in which it is used again. */
export const screens = async (box) =>
  (await fetch(`${box.url}_edge/screens.json`, { headers: { connection: 'close' } })).json();

/** All screens, once there are as many as the states that are given, in these states. */
export const screensAre = (box, ...states) =>
  until(async () => {
    const all = (await screens(box)).screens;
    return `${all.map((one) => one.state).sort()}` === `${states.sort()}` && all;
  });

/** The one screen of a box, once it is so. */
export const screenIs = async (box, state) => (await screensAre(box, state))[0];

/**
 * A state that begins with the silence of a page is known 30 s after its cause by the box's own clock: that came after the last
 * report.
 */
export const isSaidInTime = ({ state, since_s: since, heard_s: heard }) =>
  assert.ok(heard - since <= 30, `${state}: ${heard} s after the last report, for ${since} s`);

/** What the agent lays over a page: its text, nothing where there is nothing. */
const OVER = `(function () {
  var layer = document.querySelector('[data-workshop-edge]');
  return layer ? layer.textContent : '';
})()`;
export const over = (engine) => engine.value(OVER);
export const isOver = (engine, text) => until(async () => (await over(engine)) === text);

/** Asked again and again, since a page that is loaded anew meanwhile gives no answer. */
export const holds = (engine, condition) =>
  until(() => engine.value(`!!(${condition})`).catch((error) => {
    // Between two pages there is none to ask.
    if (!/context|navigated/i.test(error.message)) throw error;
  }));

/** A copy of a site, to be changed while it is served. */
export function siteOf(name) {
  const site = mkdtempSync(join(tmpdir(), 'site-'));
  cpSync(here(`screens/${name}`), site, { recursive: true });
  return {
    site,
    write: (file, text) => writeFileSync(join(site, file), text),
    remove: () => rmSync(site, { recursive: true, force: true }),
  };
}

/** Somebody who has logged in to a box's administration. */
export async function openAdmin(browser, box) {
  const { page } = await openPage(browser, { width: 390, height: 844 });
  const at = (below) => `${box.url}_edge/admin${below}?lang=es`;
  await page.goto(at(''));
  await page.fill('#pin', readFileSync(join(box.data, 'admin/pin'), 'utf8'));
  await Promise.all([page.waitForLoadState('load'), page.click('form button')]);
  await page.waitForSelector('a[href*="factory-reset"]');
  return {
    page,
    /** Opens the page of a screen, fills in what is given, and presses the button of that name. */
    async ask(id, what, fields = {}) {
      await page.goto(at(`/screens/${id}`));
      for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
      await page.click(`button[value=${what}]`);
      await page.waitForSelector('[role=status]');
    },
    /** Presses the button of that name for all screens. */
    async askAll(what) {
      await page.goto(at('/screens'));
      await page.click(`button[value=${what}]`);
      await page.waitForSelector('[role=status]');
    },
    /** The picture that the box has of a screen, as it is given to people. */
    async picture(id) {
      await page.goto(at(`/screens/${id}`));
      const address = await page.getAttribute('img.picture', 'src');
      const answer = await page.request.get(new URL(address, box.url).href);
      return { type: answer.headers()['content-type'], bytes: await answer.body() };
    },
  };
}

/** A way to the box by which it sees another address of this machine. */
export async function startWay(box, localAddress) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    const onward = net.connect({ port: box.port, host: '127.0.0.1', localAddress });
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {}).on('close', () => other.destroy() && sockets.delete(one));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    async close() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A cache before the box, which gives its page as one of this version until it is emptied; all else as the box gives it. */
export async function startCache(box, version) {
  let isOld = true;
  const server = http.createServer((request, response) => {
    const isPage = isOld && request.url === '/';
    const headers = { ...request.headers, ...(isPage && { 'accept-encoding': 'identity' }) };
    const onward = http.request(new URL(request.url, box.url), { method: request.method, headers }, (answer) => {
      if (!isPage) return answer.pipe(response.writeHead(answer.statusCode, answer.headers));
      let page = '';
      answer.setEncoding('utf8').on('data', (text) => (page += text));
      return answer.on('end', () => response.writeHead(200, { 'content-type': 'text/html' }).end(page.replace(/data-site="\w+"/, `data-site="${version}"`)));
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    empty: () => (isOld = false),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What holds back the page that asks it until somebody lets it go: the page's thread waits with it. */
export async function startHold() {
  const held = new Set();
  let isOpen = false;
  const headers = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' };
  const answer = (response) => response.writeHead(200, headers).end();
  const server = http.createServer((request, response) => {
    if (isOpen) return answer(response);
    held.add(response);
    response.on('close', () => held.delete(response));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    isAsked: () => until(() => held.size > 0),
    letGo() {
      isOpen = true;
      held.forEach(answer);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
