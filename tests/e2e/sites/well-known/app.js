function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
fetch('/.well-known/x.json').then(function (answer) { return answer.json(); }).then(function () { say(); }, say);
