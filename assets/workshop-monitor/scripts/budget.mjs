// What each kind of TV downloads, in gzip -9 kilobytes of script, against what the project allows itself.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const LIMITS = { modern: 40, legacy: 66 };

const inline = [...readFileSync(dist + 'index.html', 'utf8').matchAll(/<script>([\s\S]*?)<\/script>/g)].map((m) => m[1]);
const scripts = readdirSync(dist + 'assets').filter((name) => name.endsWith('.js'));
const size = (text) => gzipSync(text, { level: 9 }).length;

let over = false;
for (const [kind, limit] of Object.entries(LIMITS)) {
  const files = scripts.filter((name) => name.includes('-legacy-') === (kind === 'legacy'));
  const parts = files.map((name) => [name, size(readFileSync(dist + 'assets/' + name))]);
  parts.push(['inline', size(inline.join(''))]);
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0) / 1024;
  for (const [name, bytes] of parts) console.log(`${kind}  ${(bytes / 1024).toFixed(1).padStart(6)} KB  ${name}`);
  console.log(`${kind}  ${total.toFixed(1).padStart(6)} KB  of ${limit} KB allowed`);
  if (total > limit || files.length === 0) over = true;
}
process.exitCode = over ? 1 : 0;
