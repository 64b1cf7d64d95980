// A box that `launch` has started, and a repository of the publisher's program that leads it from one version to another.
// tests/update/build-versions builds both.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { here } from './paths.mjs';

const execute = promisify(execFile);
const VERSIONS = process.env.WORKSHOP_VERSIONS || here('../../target/versions');
const RELEASE = process.env.WORKSHOP_RELEASE_BIN || here('../../target/debug/workshop-release');
const binary = (version) => join(VERSIONS, `workshop-edge-${version}`);

/** A repository that wants 1.0.0, and a server of its files. */
export async function startBucket() {
  for (const needed of [...['1.0.0', '1.1.0', '1.6.0'].map(binary), RELEASE]) {
    if (!existsSync(needed)) throw new Error(`${needed} is not there: tests/run e2e builds it`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'bucket-'));
  const repository = join(folder, 'repository');
  const release = (...order) => execFileSync(RELEASE, [...order, '--repository', repository], { stdio: ['ignore', 'ignore', 'inherit'] });
  const keys = ['--keys', join(folder, 'keys/keys.toml')];
  release('init', '--new-keys', join(folder, 'keys'));
  const publish = (version) => release('publish', '--channel', 'stable', '--version', version, '--deltas', '0', ...keys, binary(version));
  publish('1.0.0');
  const server = createServer((request, response) => {
    const path = join(repository, normalize(`/${decodeURI(request.url)}`));
    if (!existsSync(path)) return response.writeHead(404).end();
    return createReadStream(path).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    root: join(repository, 'metadata/1.root.json'),
    publish,
    stop() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A box of 1.0.0 that looks once, and then only when it is told to. */
export async function startManaged(bucket, language, update = 'trial_s = 2', ...sections) {
  const folder = mkdtempSync(join(tmpdir(), 'box-'));
  const data = join(folder, 'data');
  writeFileSync(
    join(folder, 'config.toml'),
    `[discovery]\nenabled = false\n[display]\nlanguage = "${language}"\ndemo = true\n[update]\nurl = "${bucket.url}"\nallow_http = true\n` +
      `trusted_root = "${bucket.root}"\ncheck_interval_s = 604800\nquiet_wait_s = 0\n${update}\n${sections.join('\n')}\n`,
  );
  const child = spawn(binary('1.0.0'), ['launch', '--config', join(folder, 'config.toml'), '--data-dir', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const port = await new Promise((resolve, reject) => {
    exited.then((code) => reject(new Error(`the box ended (${code})`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { fields } = JSON.parse(line);
      if (fields.message === 'listening') resolve(Number(fields.address.split(':').pop()));
    });
  });
  return {
    data,
    url: `http://127.0.0.1:${port}/`,
    command: (...order) => execute(binary('1.0.0'), [...order, '--config', join(folder, 'config.toml'), '--data-dir', data], { env: { ...process.env, LANG: 'es_ES.UTF-8' } }),
    pin: () => readFileSync(join(data, 'admin/pin'), 'utf8'),
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
