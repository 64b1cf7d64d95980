// What every page of a TV downloads for the agent, in gzip -9 bytes, against what the project allows itself; and whether the oldest
// TV can read it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parse } from 'acorn';

const LIMIT = 6 * 1024;

const script = readFileSync(fileURLToPath(new URL('../dist/agent.js', import.meta.url)), 'utf8');
parse(script, { ecmaVersion: 5 });
const size = gzipSync(script, { level: 9 }).length;
console.log(`agent  ${size} bytes of ${LIMIT} allowed (${script.length} before gzip)`);
process.exitCode = size > LIMIT ? 1 : 0;
