// The section of the updates, on a box that `launch` has started and that a repository of the publisher's program leads
// from one version to another and back. tests/update/build-versions builds both.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { launch, openPage } from '../support/browser.mjs';
import { contrastFaults } from '../support/contrast.mjs';
import { artefact, here } from '../support/paths.mjs';

const VERSIONS = process.env.WORKSHOP_VERSIONS || here('../../target/versions');
const RELEASE = process.env.WORKSHOP_RELEASE_BIN || here('../../target/debug/workshop-release');
const binary = (version) => join(VERSIONS, `workshop-edge-${version}`);

const WORDS = {
  es: { current: 'Está en marcha la versión 1.0.0, la que corresponde al canal stable.', held: 'Las actualizaciones automáticas están detenidas', upToDate: 'No hay nada que hacer: ya tiene la versión del canal.', wrong: '«nueve» no es una versión como 1.2.3.', fact: 'Actualización' },
  en: { current: 'Version 1.0.0 runs, which is the one of the channel stable.', held: 'Updates are on hold', upToDate: 'There is nothing to do: it is up to date.', wrong: '"nueve" is not a version such as 1.2.3', fact: 'Updates' },
};

/** A repository that wants 1.0.0, and a server of its files. */
async function startBucket() {
  for (const needed of [binary('1.0.0'), binary('1.1.0'), RELEASE]) {
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
async function startManaged(bucket, language) {
  const folder = mkdtempSync(join(tmpdir(), 'box-'));
  const data = join(folder, 'data');
  writeFileSync(
    join(folder, 'config.toml'),
    `[discovery]\nenabled = false\n[display]\nlanguage = "${language}"\ndemo = true\n[update]\nurl = "${bucket.url}"\nallow_http = true\n` +
      `trusted_root = "${bucket.root}"\ncheck_interval_s = 604800\ntrial_s = 2\nquiet_wait_s = 0\n`,
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
    url: `http://127.0.0.1:${port}/`,
    pin: () => readFileSync(join(data, 'admin/pin'), 'utf8'),
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

for (const language of ['es', 'en']) {
  describe(`updates in ${language}`, () => {
    const words = WORDS[language];
    const lang = `?lang=${language}`;
    let bucket;
    let box;
    let browser;
    let page;
    let problems;
    const section = () => page.goto(`${box.url}_edge/admin/update${lang}`);
    const order = async (name) => {
      const [response] = await Promise.all([page.waitForNavigation(), page.click(`button[value=${name}]`)]);
      return response.status();
    };
    /** Logs in, and looks at the section until it says something: a restart ends the session. */
    const look = async (wanted) => {
      for (;;) {
        try {
          await section();
          if (await page.locator('#pin').count()) {
            await page.fill('#pin', box.pin());
            await Promise.all([page.waitForNavigation(), page.click('form button')]);
            await section();
          }
          if (wanted.test(await page.textContent('main, body'))) return;
        } catch (error) {
          if (!/ERR_CONNECTION|ERR_EMPTY|Timeout|Navigation/.test(String(error))) throw error;
        }
      }
    };
    const shot = (name) => page.screenshot({ path: artefact(`update-${name}-${language}.png`), fullPage: true });
    const isSound = async () => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      assert.deepEqual((await contrastFaults(page)).violations, []);
    };

    before(async () => {
      bucket = await startBucket();
      box = await startManaged(bucket, language);
      browser = await launch();
      ({ page, problems } = await openPage(browser));
    });
    after(async () => {
      await browser?.close();
      await box?.stop();
      bucket?.stop();
    });

    test('say what runs, and take orders', async () => {
      await look(new RegExp(words.current.replaceAll('.', '\\.')));
      await isSound();
      await shot('current');
      assert.equal(await page.locator('button[value=rollback]').count(), 0, 'there is nothing to go back to');
      assert.equal(await order('apply'), 200);
      assert.ok((await page.textContent('[role=alert]')).includes(words.upToDate));
      await shot('nothing');
      await section();
      await page.fill('#version', 'nueve');
      assert.equal(await order('pin'), 503);
      assert.ok((await page.textContent('[role=alert]')).includes(words.wrong));
      await section();
      await order('hold');
      assert.ok((await page.textContent('body')).includes(words.held));
      await isSound();
      await shot('held');
      await order('unpin');
      assert.ok(!(await page.textContent('body')).includes(words.held));
    });

    test('change the version, and take it back', async () => {
      bucket.publish('1.1.0');
      await section();
      assert.equal(await order('apply'), 200);
      assert.match(await page.textContent('body'), /1\.1\.0/);
      await shot('begun');
      await look(/1\.0\.0 → 1\.1\.0 .*(funciona|works)/);
      await isSound();
      await shot('changed');
      await page.goto(`${box.url}_edge/${lang}`);
      assert.ok((await page.textContent('body')).includes(words.fact));
      await page.screenshot({ path: artefact(`update-console-${language}.png`), fullPage: true });
      await look(/1\.1\.0/);
      await order('rollback');
      await look(/1\.1\.0 → 1\.0\.0 .*(funciona|works)/);
      await shot('back');
      assert.deepEqual(problems.uncaught, []);
    });
  });
}
