import { word } from './lib/words.mjs';
document.getElementById('r').textContent = word;
