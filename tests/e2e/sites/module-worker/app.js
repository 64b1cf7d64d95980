function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var worker = new Worker(new URL('./worker.js', location.href), { type: 'module' });
worker.onmessage = function (event) { say(event.data); };
worker.onerror = function (event) { say(event.message || 'worker'); };
