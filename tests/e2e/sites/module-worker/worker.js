import { sum } from './sum.js';
postMessage(sum(1, 1) === 2 ? '' : 'sum');
