function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var other = new URLSearchParams(location.search).get('other');
var source = new EventSource(other + '/events');
source.onerror = function () { say('event stream'); };
source.onmessage = function () {
  source.onmessage = null;
  var socket = new WebSocket(other.replace('http', 'ws') + '/socket');
  socket.onerror = function () { say('socket'); };
  socket.onmessage = function () { say(); };
};
