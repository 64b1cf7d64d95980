function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var style = getComputedStyle(document.getElementById('s'));
say(style.color === 'rgb(1, 2, 3)' && style.width === '17px' ? '' : style.color + ' ' + style.width);
