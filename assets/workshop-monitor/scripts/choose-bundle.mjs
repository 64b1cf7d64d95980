// plugin-legacy tells modern engines from old ones by importing a `data:` module. The box's content security policy
// (`script-src 'self'` and hashes) forbids that import, so under it every TV would be taken for an old one, and the
// modern entry would refuse to run. This plugin takes the guard out of the modern chunks and chooses with one inline
// classic ES5 script instead, whose hash the box can put into the policy.

/** Chromium 85 is the first with `replaceAll`; it has every piece of syntax that the modern bundle uses. */
export const chooser = ({ modern, polyfills, legacy }) =>
  `(function(d){` +
  `function add(s,f){var e=d.createElement("script");e.src=s;e.onload=f;if(!f)e.type="module";d.body.appendChild(e)}` +
  `if("noModule" in d.createElement("script")&&"replaceAll" in String.prototype)add(${JSON.stringify(modern)});` +
  `else add(${JSON.stringify(polyfills)},function(){System.import(${JSON.stringify(legacy)})})` +
  `})(document);`;

function only(html, pattern, what) {
  const found = pattern.exec(html);
  if (!found) throw new Error(`choose-bundle: no ${what} in index.html; has plugin-legacy changed its output?`);
  return found[1];
}

export function chooseBundle() {
  return {
    name: 'choose-bundle',
    apply: 'build',
    enforce: 'post',
    renderChunk(code, chunk) {
      if (!code.includes('__vite_legacy_guard')) return null;
      const start = code.search(/import\s*["']data:text\/javascript/);
      const guard = code.indexOf('function __vite_legacy_guard(){', start);
      // The guard's body holds one nested pair of braces, `async function*(){}`, and then closes.
      const end = code.indexOf('.next()};', guard);
      if (start < 0 || guard < 0 || end < 0) throw new Error(`choose-bundle: unknown guard in ${chunk.fileName}`);
      return { code: code.slice(0, start) + code.slice(end + '.next()};'.length), map: null };
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, context) {
        if (!context.bundle || !html.includes('vite-legacy-entry')) return html;
        const files = {
          modern: only(html, /<script type="module"[^>]*\ssrc="([^"]+)"/, 'modern entry'),
          polyfills: only(html, /id="vite-legacy-polyfill"[^>]*src="([^"]+)"/, 'polyfills'),
          legacy: only(html, /id="vite-legacy-entry"[^>]*data-src="([^"]+)"/, 'legacy entry'),
        };
        const bare = html.replace(/\s*<script\b[^>]*>[\s\S]*?<\/script>/g, '');
        return bare.replace('</body>', () => `  <script>${chooser(files)}</script>\n  </body>`);
      },
    },
  };
}
