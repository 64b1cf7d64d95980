/*
 * Shows the display as soon as there is one. The reload waits for an answer of the box, so that it never ends on the
 * browser's own error page, where nobody would press "try again". ECMAScript 5.
 */
(function () {
  'use strict';

  var EVERY_MS = 5000;
  var TIMEOUT_MS = 8000;
  var shown = null;

  function again() {
    setTimeout(look, EVERY_MS);
  }

  function look() {
    var request = new XMLHttpRequest();
    request.onload = function () {
      var text = request.responseText;
      var isNews = shown !== null && text !== shown && text.indexOf('data-no-site') >= 0;
      if (request.status === 200 || isNews) {
        location.reload();
        return;
      }
      shown = text;
      again();
    };
    request.onerror = request.ontimeout = request.onabort = again;
    request.open('GET', '/');
    request.timeout = TIMEOUT_MS;
    request.send();
  }

  look();
})();
