function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
import('data:text/javascript,export default 1').then(function (module) { say(module.default === 1 ? '' : 'value'); }, say);
