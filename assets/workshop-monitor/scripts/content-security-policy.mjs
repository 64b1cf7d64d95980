// The page's own policy, in the page: whoever serves the dist, the display runs nothing but what this build put into it.
// Inline scripts are allowed by their hashes, so that an injected one still is not.

import { createHash } from 'node:crypto';

const META = '<meta charset="utf-8" />';

// `frame-ancestors` has no effect in a page. The icon is a data: URL.
const policy = (hashes) =>
  [
    "default-src 'none'",
    `script-src 'self' ${hashes.map((hash) => `'sha256-${hash}'`).join(' ')}`,
    "style-src 'self'",
    'img-src data:',
    "connect-src 'self'",
    // The clip with which the box keeps a TV awake.
    "media-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

export function contentSecurityPolicy() {
  return {
    name: 'content-security-policy',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(html) {
        // A policy holds for what stands behind it, so it comes first.
        if (!html.includes(META)) throw new Error(`content-security-policy: no ${META} in index.html`);
        const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
        const hashes = scripts.map((text) => createHash('sha256').update(text).digest('base64'));
        const meta = `<meta http-equiv="Content-Security-Policy" content="${policy(hashes)}" />`;
        return html.replace(META, () => `${META}\n    ${meta}`);
      },
    },
  };
}
