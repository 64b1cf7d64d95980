import { fileURLToPath } from 'node:url';
import legacy from '@vitejs/plugin-legacy';
import { defineConfig } from 'vite';
import { chooseBundle } from './scripts/choose-bundle.mjs';
import { contentSecurityPolicy } from './scripts/content-security-policy.mjs';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [
    legacy({
      targets: ['chrome >= 38'],
      modernTargets: ['chrome >= 85'],
      modernPolyfills: false,
      // Named one by one: detection by usage would bring in three times as much, and none of it is called here.
      polyfills: ['es.object.assign'],
    }),
    chooseBundle(),
    // Last, since it hashes the inline scripts that the others leave.
    contentSecurityPolicy(),
  ],
  build: {
    // A TV's Chromium 38 reads the same style sheet as a current one.
    cssTarget: 'chrome38',
    // One linked style sheet for every TV: split, the legacy bundle would carry it once more, as an inline style that the
    // page's policy refuses.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    // The default minifier writes template literals and arrow functions, into old TVs' bundle too.
    minify: 'terser',
    sourcemap: false,
    reportCompressedSize: false,
    // Base 64 puts '-' into hashes, and eight letters of base 36 may be a word: with hexadecimal digits, whoever
    // recognises hashed names is never in doubt.
    rolldownOptions: { output: { hashCharacters: 'hex' } },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
} as Parameters<typeof defineConfig>[0]);
