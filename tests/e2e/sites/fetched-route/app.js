function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
fetch('/parts/list', { headers: { accept: 'text/html' } }).then(function (answer) { return answer.text(); }).then(function (text) { say(/WAIT/.test(text) ? '' : text); }, say);
