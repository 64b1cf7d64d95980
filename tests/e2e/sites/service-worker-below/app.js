function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
navigator.serviceWorker.register('/below/worker.js').then(function (registration) {
  say(registration.scope === location.origin + '/below/' ? '' : registration.scope);
}, say);
