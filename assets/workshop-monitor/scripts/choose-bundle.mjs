// Two repairs to what plugin-legacy leaves.
//
// It tells modern engines from old ones by importing a `data:` module. The page's content security policy
// (`script-src 'self'` and hashes) forbids that import, so under it every TV would be taken for an old one, and the
// modern entry would refuse to run. Here the guard is taken out of the modern chunks, and one inline classic ES5 script
// chooses instead; its hash is in the policy.
//
// And it leaves the bundler's arrow functions in the polyfills, which are the first thing an old TV has to parse.

import { createHash } from 'node:crypto';
import { transformAsync } from '@babel/core';

/** Chromium 85 is the first with `replaceAll`; it has every piece of syntax that the modern bundle uses. */
const chooser = ({ modern, polyfills, legacy }) =>
  `(function(d){` +
  `function add(s,f){var e=d.createElement("script");e.src=s;e.onload=f;if(!f)e.type="module";d.body.appendChild(e)}` +
  `if("noModule" in d.createElement("script")&&"replaceAll" in String.prototype)add(${JSON.stringify(modern)});` +
  `else add(${JSON.stringify(polyfills)},function(){System.import(${JSON.stringify(legacy)})})` +
  `})(document);`;

function found(text, pattern, what) {
  const match = pattern.exec(text);
  if (!match) throw new Error(`choose-bundle: no ${what}; has plugin-legacy changed its output?`);
  return match[1];
}

export function chooseBundle() {
  const renamed = new Map();
  return {
    name: 'choose-bundle',
    apply: 'build',
    enforce: 'post',

    renderChunk(code, chunk) {
      if (!code.includes('__vite_legacy_guard')) return null;
      const start = code.search(/import\s*["']data:text\/javascript/);
      const guard = code.indexOf('function __vite_legacy_guard(){', start);
      const end = code.indexOf('.next()};', guard);
      if (start < 0 || guard < 0 || end < 0) throw new Error(`choose-bundle: unknown guard in ${chunk.fileName}`);
      return { code: code.slice(0, start) + code.slice(end + '.next()};'.length), map: null };
    },

    async generateBundle(_options, bundle) {
      const name = Object.keys(bundle).find((file) => file.includes('polyfills-legacy'));
      if (!name) return;
      const { code } = await transformAsync(bundle[name].code, {
        babelrc: false,
        configFile: false,
        minified: true,
        sourceType: 'script',
        presets: [['@babel/preset-env', { targets: 'chrome 38', modules: false }]],
      });
      const hash = createHash('sha256').update(code).digest('hex').slice(0, 8);
      const fileName = name.replace(/-[^-]+\.js$/, `-${hash}.js`);
      delete bundle[name];
      this.emitFile({ type: 'asset', fileName, source: code });
      renamed.set('/' + name, '/' + fileName);
    },

    transformIndexHtml: {
      order: 'post',
      handler(html, context) {
        if (!context.bundle || !html.includes('vite-legacy-entry')) return html;
        const polyfills = found(html, /id="vite-legacy-polyfill"[^>]*\ssrc="([^"]+)"/, 'polyfills');
        const files = {
          modern: found(html, /<script type="module"[^>]*\ssrc="([^"]+)"/, 'modern entry'),
          polyfills: renamed.get(polyfills),
          legacy: found(html, /id="vite-legacy-entry"[^>]*\sdata-src="([^"]+)"/, 'legacy entry'),
        };
        if (!files.polyfills) throw new Error(`choose-bundle: ${polyfills} was not rewritten`);
        const bare = html.replace(/\s*<script\b[^>]*>[\s\S]*?<\/script>/g, '');
        return bare.replace('</body>', () => `  <script>${chooser(files)}</script>\n  </body>`);
      },
    },
  };
}
