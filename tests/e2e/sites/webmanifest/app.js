function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
fetch('/site.webmanifest').then(function (answer) { return answer.json(); }).then(function (manifest) { say(manifest.name === 'n' ? '' : 'name'); }, say);
