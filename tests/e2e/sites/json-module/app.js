import data from './data.json' with { type: 'json' };
import sheet from './style.css' with { type: 'css' };
document.adoptedStyleSheets = [sheet];
document.getElementById('r').textContent = getComputedStyle(document.body).color === 'rgb(1, 2, 3)' ? data.word : 'FAIL';
