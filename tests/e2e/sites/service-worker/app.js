function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
navigator.serviceWorker.oncontrollerchange = function () {
  fetch('/made-by-the-worker').then(function (answer) { return answer.text(); }).then(function (text) { say(text); }, say);
};
navigator.serviceWorker.register('/worker.js').catch(say);
