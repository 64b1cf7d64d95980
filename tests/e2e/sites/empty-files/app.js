function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
fetch('/empty.json').then(function (answer) { return answer.text(); }).then(function (text) { say(text); }, say);
