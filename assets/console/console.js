/*
 * Keeps the page current: events where the engine and the network have them, otherwise a look every ten seconds.
 * ECMAScript 5, because televisions of 2015 run it.
 */
(function () {
  'use strict';

  var POLL_MS = 10000;
  // With events a look is only for the time that passes: the uptime and the clock.
  var REFRESH_MS = 60000;
  var TIMEOUT_MS = 8000;

  var place = document.getElementById('console');
  var lost = document.getElementById('lost');
  var url = place.getAttribute('data-fragment');
  var running = version();
  var shown = null;
  var source = null;
  var timer = null;
  var request = null;
  // A change that comes while a look is under way may be newer than its answer.
  var isStale = false;

  function version() {
    var screen = place.querySelector('[data-running]');
    return screen ? screen.getAttribute('data-running') : null;
  }

  function isLive() {
    return source !== null && source.readyState === 1;
  }

  function plan(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(look, milliseconds);
  }

  function look() {
    if (request !== null) {
      isStale = true;
      return;
    }
    request = new XMLHttpRequest();
    request.onload = function () {
      done(request.status === 200 ? request.responseText : null);
    };
    request.onerror = request.ontimeout = request.onabort = function () {
      done(null);
    };
    request.open('GET', url);
    request.timeout = TIMEOUT_MS;
    request.send();
  }

  function done(html) {
    request = null;
    if (html !== null) {
      show(html);
    }
    lost.hidden = html !== null;
    if (isStale) {
      isStale = false;
      look();
    } else {
      plan(isLive() ? REFRESH_MS : POLL_MS);
    }
  }

  function show(html) {
    // Untouched unless it must be, so that a remote control's focus stays where it is.
    if (html === shown) {
      return;
    }
    shown = html;
    place.innerHTML = html;
    var now = version();
    // The answer proves that the box is there, so that the reload does not end on an error page.
    if (running !== null && now !== null && now !== running) {
      location.reload();
    }
  }

  function listen() {
    try {
      source = new EventSource('/_edge/events');
    } catch (error) {
      source = null;
      return;
    }
    // The first message comes at once.
    source.onmessage = look;
    source.onerror = function () {
      // Some engines try again by themselves, some give up (readyState 2): the look decides what is shown.
      if (source.readyState === 2) {
        source.close();
        setTimeout(listen, POLL_MS);
      }
      look();
    };
  }

  if (window.EventSource) {
    listen();
  }
  plan(POLL_MS);
})();
