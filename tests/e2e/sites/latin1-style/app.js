function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var content = getComputedStyle(document.getElementById('r'), '::after').content;
say(content === '"\u00e1"' ? '' : content);
