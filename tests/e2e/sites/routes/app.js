function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
say(location.pathname === new URLSearchParams(location.search).get('path') ? '' : location.pathname);
