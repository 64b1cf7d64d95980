// The real box, as a child process with a configuration and a data directory of its own.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HERE } from './host.mjs';
import { here } from './paths.mjs';

const BINARY =
  process.env.WORKSHOP_EDGE_BIN || here('../../target/x86_64-unknown-linux-musl/release/workshop-edge');

const config = (display, erp) => `${erp ? table('erp', erp) : ''}[display]
title = ${JSON.stringify(display.title)}
line = ${JSON.stringify(display.line)}
language = "${display.language}"
demo = ${display.demo}
[display.targets]
daily = 120
oee_percent = 75.0
reject_percent = 3.0
[display.shift]
start_hour = 6
end_hour = 22
`;

const table = (name, keys) =>
  `[${name}]\n${Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`;

const DISPLAY = { title: 'Taller Norte', line: 'Línea 2', language: 'es', demo: false };

/**
 * Resolves when the box says that it listens; rejects with what it said when it ends instead. `site` is a directory to
 * serve instead of the display, `at` a port instead of a free one; `erp` the settings of its ERP, with the `password`
 * itself; `outbound` those of its connections, `screens` those of the screens; `host` where it runs.
 */
export async function startBox(display = {}, { site, at = 0, erp, outbound, screens, host = HERE } = {}) {
  if (!existsSync(BINARY)) throw new Error(`no box at ${BINARY}: build it, or set WORKSHOP_EDGE_BIN`);
  const folder = mkdtempSync(join(tmpdir(), 'box-'));
  let account;
  if (erp) {
    const { password, ...keys } = erp;
    account = { ...keys, password_file: join(folder, 'password') };
    writeFileSync(account.password_file, password, { mode: 0o600 });
  }
  const more = Object.entries({ outbound, screens }).filter(([, keys]) => keys);
  const tables = config({ ...DISPLAY, ...display }, account) + more.map(([name, keys]) => table(name, keys)).join('');
  writeFileSync(join(folder, 'config.toml'), tables);
  const flags = ['serve', '--data-dir', join(folder, 'data'), '--config', join(folder, 'config.toml')];
  if (site) flags.push('--site', site);
  const serve = (port) => start(host, [...flags, '--listen', `${host.address}:${port}`]);
  let running = await serve(at);
  const { port } = running;
  return {
    port,
    data: join(folder, 'data'),
    url: `http://${host.address}:${port}/`,
    /** Ends it by this signal, and starts it again with the same data. */
    async restart(signal) {
      await running.end(signal);
      running = await serve(port);
    },
    async stop() {
      await running.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The process, once it listens. */
async function start(host, flags) {
  const child = host.spawn(BINARY, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const said = [];
  const keep = (line) => {
    said.push(line);
    if (said.length > 40) said.shift();
  };
  createInterface({ input: child.stderr }).on('line', keep);
  const port = await new Promise((resolve, reject) => {
    child.once('error', reject);
    exited.then((how) => reject(new Error(`the box ended (${how}):\n${said.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      let fields;
      try {
        ({ fields } = JSON.parse(line));
      } catch {
        return;
      }
      if (fields?.message === 'listening' && fields.scheme === 'http') resolve(Number(fields.address.split(':').pop()));
    });
  });
  return {
    port,
    async end(signal) {
      child.kill(signal);
      await exited;
    },
  };
}
