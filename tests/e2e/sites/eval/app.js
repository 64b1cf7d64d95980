function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
try {
  if (eval('1 + 1') !== 2) throw 'eval';
  setTimeout("say()", 0);
} catch (error) { say(error); }
