function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
fetch('/x.svg').then(function (answer) { return answer.arrayBuffer(); }).then(function () {
  var request = new XMLHttpRequest();
  request.open('GET', '/x.svg');
  request.onload = function () { var text = request.responseXML.documentElement.textContent; say(text === 'M\u00e1quina' ? '' : text); };
  request.send();
});
