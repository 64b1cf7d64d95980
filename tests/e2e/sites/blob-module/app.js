function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
import(URL.createObjectURL(new Blob(['export default 1'], { type: 'text/javascript' }))).then(function () { say(); }, say);
