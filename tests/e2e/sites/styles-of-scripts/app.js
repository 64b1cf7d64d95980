function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var style = document.createElement('style');
style.textContent = '#r{color:rgb(1,2,3)}';
document.head.appendChild(style);
document.getElementById('r').setAttribute('style', 'width:17px');
var shown = getComputedStyle(document.getElementById('r'));
say(shown.color === 'rgb(1, 2, 3)' && shown.width === '17px' ? '' : shown.color + ' ' + shown.width);
