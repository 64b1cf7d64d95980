function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
parent.postMessage('here', '*');
if (parent === window) say('not in a frame'); else say();
