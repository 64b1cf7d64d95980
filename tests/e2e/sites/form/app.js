function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
if (location.search === '?q=x') say(location.pathname === '/search/v1.0' ? '' : location.pathname);
else document.forms[0].submit();
