function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var sources = ['/beep.wav', 'data:audio/wav;base64,UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA=='];
(function next() {
  if (sources.length === 0) return say();
  var audio = new Audio();
  audio.onloadedmetadata = next;
  audio.onerror = function () { say(audio.error.message); };
  audio.src = sources.shift();
})();
