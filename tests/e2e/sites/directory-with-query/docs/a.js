function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
say(location.pathname + location.search === '/docs/?of=x' ? '' : location.href);
