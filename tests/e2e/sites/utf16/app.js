function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
addEventListener('load', function () { var word = document.getElementById('w').textContent; say(word === 'M\u00e1quina' ? '' : word); });
