function say(error) { document.getElementById('r').textContent = error ? 'FAIL ' + error : 'OK'; }
var other = new URLSearchParams(location.search).get('other');
function add(name, attributes) {
  return new Promise(function (resolve, reject) {
    var element = document.createElement(name);
    element.onload = resolve;
    element.onerror = function () { reject(name); };
    for (var key in attributes) element[key] = attributes[key];
    document.body.appendChild(element);
  });
}
Promise.all([
  add('script', { src: other + '/script.js' }),
  add('link', { rel: 'stylesheet', href: other + '/style.css' }),
  add('img', { src: other + '/picture.svg' }),
  add('iframe', { src: other + '/frame.html' }),
  import(other + '/module.js'),
]).then(function () {
  say(window.fromElsewhere && getComputedStyle(document.body).color === 'rgb(1, 2, 3)' ? '' : 'script or style');
}, say);
