// Plain ES5: this file goes to old TVs as it is. What uPlot calls at its top level must not throw there.
(function () {
  // Before Chromium 45 a media query list had addListener alone.
  var probe = window.matchMedia && window.matchMedia('all');
  if (probe && !probe.addEventListener) {
    var list = Object.getPrototypeOf(probe);
    list.addEventListener = function (_type, listener) {
      this.addListener(listener);
    };
    list.removeEventListener = function (_type, listener) {
      this.removeListener(listener);
    };
  }
})();
