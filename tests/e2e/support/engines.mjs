// Old Chromium builds that come inside npm packages, unpacked once into a cache of this folder, and driven over the raw
// DevTools protocol: today's automation libraries no longer speak to them.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import WebSocket from 'ws';
import { HERE } from './host.mjs';
import { here } from './paths.mjs';

/** Not in a single one, in which 92 often stops for good in a lock at its start. */
const SEVERAL_PROCESSES = ['67', '92'];
export const OLD_ENGINES = ['64', '67', '80', '92', '108'];

function unpack(version) {
  const ready = here(`engines/${version}`);
  if (existsSync(join(ready, 'chromium'))) return ready;
  const from = here(`node_modules/chromium-${version}/bin`);
  // Filled aside and renamed, so that an interrupted run leaves nothing half unpacked.
  const aside = `${ready}.${process.pid}`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  for (const name of readdirSync(from)) {
    const bytes = brotliDecompressSync(readFileSync(join(from, name)));
    if (name.endsWith('.tar.br')) execFileSync('tar', ['-x', '-C', aside], { input: bytes });
    else writeFileSync(join(aside, 'chromium'), bytes, { mode: 0o755 });
  }
  try {
    renameSync(aside, ready);
  } catch (error) {
    // Another test file was sooner.
    if (!existsSync(join(ready, 'chromium'))) throw error;
    rmSync(aside, { recursive: true, force: true });
  }
  return ready;
}

/** The one that is installed, as televisions of today have it. */
export const CURRENT = 'current';

/**
 * One page of an engine, started with `more` flags. Collects what went wrong in it; `value` evaluates an expression and gives
 * its result.
 */
export const openEngine = (version, ...more) => openEngineOn(HERE, version, ...more);

/** One that runs on this host. */
export async function openEngineOn(host, version, ...more) {
  const isOld = version !== CURRENT;
  const home = isOld ? unpack(version) : '';
  const profile = mkdtempSync(join(tmpdir(), `engine-${version}-`));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', ...more];
  if (isOld && !SEVERAL_PROCESSES.includes(version)) flags.push('--single-process', '--no-zygote');
  // This build of 64 stops for good, in a lock between its own threads, once a script has run for a second or two.
  if (version === '64') flags.push('--js-flags=--noopt --single-threaded');
  flags.push('--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars');
  flags.push('--remote-debugging-port=0', '--window-size=1920,1080', `--user-data-dir=${profile}`, 'about:blank');
  const child = host.spawn(isOld ? join(home, 'chromium') : process.env.CHROMIUM || '/usr/bin/chromium', flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...(isOld && { LD_LIBRARY_PATH: [join(home, 'lib'), home].join(':') }), HOME: profile },
  });

  const own = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4000);
      const match = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said);
      if (match) resolve(match[1]);
    });
    child.on('exit', (code, signal) => reject(new Error(`Chromium ${version} ended (${code ?? signal}): ${said}`)));
    child.on('error', reject);
  });
  const port = await host.reach(own);
  let page;
  // Some builds open their port before their first page.
  while (!page) {
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    page = targets.find((target) => target.type === 'page');
  }
  const first = await connect(page.webSocketDebuggerUrl);
  const others = [];
  return {
    version,
    ...first,
    product: async () => (await first.send('Browser.getVersion')).product,
    /** Another page of the same browser, in front of the others where the engine has such an order. */
    async openTab() {
      const { targetId } = await first.send('Target.createTarget', { url: 'about:blank' });
      const tab = await connect(`ws://127.0.0.1:${port}/devtools/page/${targetId}`);
      others.push(tab);
      return { ...tab, close: () => first.send('Target.closeTarget', { targetId }) };
    },
    async close() {
      [first, ...others].forEach((one) => one.disconnect());
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.removeAllListeners('exit');
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await Promise.race([gone, ended]);
      // Its other processes end after it, and write until then: `rmSync` would not see what they have written since it looked.
      await rm(profile, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
    },
  };
}

/** A page that has been opened, over its DevTools socket. */
async function connect(at) {
  const socket = new WebSocket(at, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));

  const waiting = new Map();
  let committed;
  let onLoad;
  const faults = [];
  const onFault = new Set();
  const fault = (text) => {
    faults.push(text);
    onFault.forEach((tell) => tell(text));
  };
  let last = 0;
  socket.on('message', (raw) => {
    const message = JSON.parse(raw);
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else if (message.method === 'Page.frameNavigated') {
      if (!message.params.frame.parentId) committed = message.params.frame.url;
    } else if (message.method === 'Page.loadEventFired') {
      onLoad?.(committed);
    } else if (message.method === 'Runtime.exceptionThrown') {
      const { text, exception, url } = message.params.exceptionDetails;
      fault(`exception: ${text} ${exception?.description ?? ''} ${url ?? ''}`);
    } else if (message.method === 'Runtime.consoleAPICalled' && message.params.type === 'error') {
      fault(`console: ${message.params.args.map((arg) => arg.value ?? arg.description).join(' ')}`);
    } else if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error') {
      fault(`log: ${message.params.entry.text} ${message.params.entry.url ?? ''}`);
    }
  });
  const send = (method, params = {}) =>
    new Promise((resolve, reject) => {
      waiting.set((last += 1), { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });

  await send('Page.enable');
  await send('Runtime.enable');
  await send('Log.enable');
  await send('Emulation.setDeviceMetricsOverride', { width: 1920, height: 1080, deviceScaleFactor: 1, mobile: false });

  const value = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  return {
    faults,
    send,
    value,
    beforeScripts: (source) => send('Page.addScriptToEvaluateOnNewDocument', { source }),
    /** Waits in the page until the expression is true; a fault in the page meanwhile is the end of waiting. */
    async until(condition) {
      let stop;
      const faulty = new Promise((_, reject) => {
        stop = (text) => reject(new Error(`while waiting for ${condition}: ${text}`));
        onFault.add(stop);
        if (faults.length > 0) stop(faults[0]);
      });
      const look = `(function look() { if (${condition}) resolve(true); else setTimeout(look, 50); })();`;
      try {
        await Promise.race([faulty, value(`new Promise(function (resolve) { ${look} })`)]);
      } finally {
        onFault.delete(stop);
      }
    },
    /** Waits for this document's load, its style sheets with it: before that, old engines lay a page out without them. */
    async goto(url) {
      committed = undefined;
      const load = new Promise((resolve) => {
        onLoad = (of) => of && resolve();
      });
      const { errorText } = await send('Page.navigate', { url });
      if (errorText) throw new Error(`${url}: ${errorText}`);
      await load;
    },
    async screenshot(file) {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      writeFileSync(file, Buffer.from(data, 'base64'));
    },
    disconnect: () => socket.terminate(),
  };
}
