function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var svg = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="4"/>';
function load(url) {
  return new Promise(function (resolve, reject) {
    var image = new Image();
    image.onload = resolve;
    image.onerror = function () { reject(url); };
    image.src = url;
  });
}
Promise.all([
  load('data:image/svg+xml,' + encodeURIComponent(svg)),
  load(URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))),
]).then(function () { say(); }, say);
