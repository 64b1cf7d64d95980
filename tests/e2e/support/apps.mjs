// Web apps as their frameworks build them, or as they are published, from npm packages. A build is kept below target/ until its sources change.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { here } from './paths.mjs';

const run = promisify(execFile);

function digest(folder) {
  const hash = createHash('sha256').update(process.version);
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    const path = join(folder, name);
    if (statSync(path).isFile()) hash.update(name).update('\0').update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Builds the npm project `apps/NAME`, unless that was done before; gives the folder of what came out. */
export async function builtApp(name) {
  const sources = here(`apps/${name}`);
  const ready = here(`../../target/e2e-apps/${name}-${digest(sources)}`);
  if (existsSync(ready)) return ready;
  // Filled aside and renamed, so that an interrupted run leaves nothing half built.
  const aside = `${ready}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    cpSync(sources, aside, { recursive: true });
    const options = { cwd: aside, env: { ...process.env, NG_CLI_ANALYTICS: 'false', CI: 'true' }, maxBuffer: 1 << 24 };
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], options);
    await run('npm', ['run', 'build'], options);
    renameSync(join(aside, 'dist'), ready);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return ready;
}
