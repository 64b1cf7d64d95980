importScripts('/lib/sum.js');
postMessage(sum(1, 1) === new Function('return 2')() ? '' : 'sum');
