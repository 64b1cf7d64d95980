function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
fetch('data:text/plain,one').then(function (answer) { return answer.text(); }).then(function (text) {
  return fetch(URL.createObjectURL(new Blob([text])));
}).then(function (answer) { return answer.text(); }).then(function (text) { say(text === 'one' ? '' : text); }, say);
