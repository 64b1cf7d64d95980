import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { es5 } from './scripts/es5.mjs';

export default defineConfig({
  plugins: [es5()],
  build: {
    lib: { entry: fileURLToPath(new URL('src/main.ts', import.meta.url)), formats: ['iife'], name: 'agent', fileName: () => 'agent.js' },
    // The bundler writes what is newer than ES5 all the same: what is left of it is the plugin's.
    target: 'es2015',
    minify: false,
    reportCompressedSize: false,
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
} as Parameters<typeof defineConfig>[0]);
