function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
say(getComputedStyle(document.body).color === 'rgb(1, 2, 3)' ? '' : 'style');
