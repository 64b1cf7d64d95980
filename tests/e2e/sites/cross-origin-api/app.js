function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var other = new URLSearchParams(location.search).get('other');
fetch(other + '/api/machines').then(function (answer) { return answer.json(); }).then(function () { say(); }, say);
