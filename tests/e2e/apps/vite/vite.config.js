import { basename } from 'node:path';
import { VitePWA } from 'vite-plugin-pwa';

// What is built is the second word of `vite build FOLDER`.
const app = basename(process.argv[3]);

export default {
  resolve: { alias: { vue: 'vue/dist/vue.esm-bundler.js' } },
  define: { __VUE_OPTIONS_API__: true, __VUE_PROD_DEVTOOLS__: false, __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false },
  plugins: app === 'pwa' ? [VitePWA({ registerType: 'autoUpdate', manifest: { name: 'PWA', icons: [] } })] : [],
};
