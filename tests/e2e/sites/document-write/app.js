function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
document.write('<script>say()<\/script>');
