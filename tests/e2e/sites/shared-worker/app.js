function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var worker = new SharedWorker('/worker.js');
worker.port.onmessage = function () { say(); };
worker.onerror = function (event) { say(event.message || 'worker'); };
