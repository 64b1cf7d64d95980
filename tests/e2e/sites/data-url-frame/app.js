function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
onmessage = function () { say(); };
