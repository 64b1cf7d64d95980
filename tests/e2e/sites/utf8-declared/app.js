function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var word = document.getElementById('w').textContent;
say(word === 'Máquina' && document.characterSet === 'UTF-8' ? '' : word);
