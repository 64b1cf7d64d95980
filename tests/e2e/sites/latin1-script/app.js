function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
say(word === 'M\u00e1quina' ? '' : word);
