function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var content = getComputedStyle(document.getElementById('r'), '::after').content;
say(word === 'M\u00e1quina' && content === '"\u00e1"' && document.characterSet === 'windows-1252' ? '' : word + content + document.characterSet);
