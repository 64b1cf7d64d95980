import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startBox } from '../support/box.mjs';
import { classicScripts, cssFaults, es5Fault } from '../support/gates.mjs';
import { dist, here } from '../support/paths.mjs';

const assets = readdirSync(dist('assets'));

describe('what a Chromium 38 to 63 is given', () => {
  let box;
  let answer;
  let html;
  before(async () => {
    box = await startBox({ demo: true });
    answer = await fetch(box.url, { headers: { accept: 'text/html' } });
    html = await answer.text();
  });
  after(() => box?.stop());

  test('is the bundle of this repository: the box was built after it', () => {
    const named = (page) => [...page.matchAll(/\/assets\/[\w-]+\.(?:js|css)/g)].map(([name]) => name);
    assert.deepEqual(named(html), named(readFileSync(dist('index.html'), 'utf8')));
  });

  test('parses as ES5: the legacy bundle', () => {
    const scripts = assets.filter((name) => /-legacy-.*\.js$/.test(name));
    assert.ok(scripts.length >= 2, `${scripts}`);
    for (const name of scripts) assert.equal(es5Fault(readFileSync(dist(`assets/${name}`), 'utf8')), undefined, name);
  });

  test('parses as ES5: every classic script of the page that the box serves', async () => {
    const scripts = classicScripts(html);
    assert.ok(scripts.length >= 1);
    for (const { src, body } of scripts) {
      const source = src ? await (await fetch(new URL(src, box.url))).text() : body;
      assert.equal(es5Fault(source), undefined, src ?? body);
    }
  });

  test('has no module that such an engine would have to leave out', () => {
    assert.doesNotMatch(html, /<script[^>]*type\s*=\s*["']?module/);
    assert.match(html, /-legacy-/);
  });

  test("is allowed by the page's own policy, each inline script by its hash", () => {
    assert.equal(answer.headers.get('content-security-policy'), null);
    // The agent's tag comes from the box, and is to run under any policy.
    const page = html.replace(/<script src="\/_edge\/agent\.js\?v=[0-9a-f]{8}" data-site="[0-9a-f]{16}"><\/script>/, '');
    assert.notEqual(page, html);
    const [before, policy] = page.split(/<meta http-equiv="Content-Security-Policy" content="([^"]*)"/);
    assert.ok(policy, 'the page has a content security policy');
    assert.doesNotMatch(before, /<(?!!doctype|html|head|meta charset)/, 'what stands before a policy is not held by it');
    assert.match(policy, /^default-src 'none'; /);
    assert.doesNotMatch(policy, /unsafe-|\*|https?:/);
    const scriptSrc = /script-src ([^;]*)/.exec(policy)[1];
    for (const { src, body } of classicScripts(html)) {
      if (src) continue;
      const hash = createHash('sha256').update(body).digest('base64');
      assert.ok(scriptSrc.includes(`'sha256-${hash}'`), body);
    }
  });

  test('has style sheets with nothing newer in them', () => {
    const sheets = assets.filter((name) => name.endsWith('.css'));
    assert.ok(sheets.length >= 1);
    for (const name of sheets) assert.deepEqual(cssFaults(readFileSync(dist(`assets/${name}`), 'utf8')), [], name);
  });
});

describe('the gates themselves', () => {
  for (const source of ['var f=()=>1', 'let a=1', 'const b=2', 'var s=`x`', 'a?.b', 'class A{}', 'import("x")', 'f(...a)', 'var{a}=b', 'async function f(){}']) {
    test(`refuse ${source}`, () => assert.notEqual(es5Fault(source), undefined));
  }
  for (const source of [
    '.a{inset:0}',
    '.a{display:flex;gap:1rem}',
    '.a{aspect-ratio:16/9}',
    '.a{display:grid}',
    '.a{width:min(1rem,2vw)}',
    '.a{font-size:clamp(1rem,2vw,3rem)}',
    '.a{color:var(--x)}',
    ':root{--x:1px}',
    '.a{color:#11223344}',
    '.a{height:100dvh}',
    '.a{.b{color:red}}',
    '.a:is(.b,.c){color:red}',
    '.a{animation:x 1s}',
    '@keyframes x{to{opacity:0}}',
    '@media (width>=600px){.a{color:red}}',
    '@supports (gap:1px){.a{color:red}}',
  ]) {
    test(`refuse ${source}`, () => assert.notDeepEqual(cssFaults(source), []));
  }
  for (const source of [
    '.a{width:2vw;width:min(1rem,2vw)}',
    '@media (max-aspect-ratio:16/9){html{font-size:1vw}}',
    '.a{background:url("data:image/svg+xml;min(")}',
    '@-webkit-keyframes x{to{opacity:0}}@keyframes x{0%,to{opacity:1}50%{opacity:0}}.a{-webkit-animation:x 1s;animation:x 1s}',
  ]) {
    test(`allow ${source}`, () => assert.deepEqual(cssFaults(source), []));
  }
});

test('every TV downloads less script than the budget allows', () => {
  execFileSync(process.execPath, [here('../../assets/workshop-monitor/scripts/budget.mjs')], { stdio: 'inherit' });
});
