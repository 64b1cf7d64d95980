function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
say();
//# sourceMappingURL=app.js.map
