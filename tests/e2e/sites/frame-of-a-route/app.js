function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
if (parent !== window) parent.say(location.pathname === '/inner/route.v2' ? '' : location.pathname);
else {
  var frame = document.createElement('iframe');
  frame.src = '/inner/route.v2';
  document.body.appendChild(frame);
}
