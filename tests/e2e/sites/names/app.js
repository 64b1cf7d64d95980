function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
say(window.count === 4 ? '' : window.count);
