onfetch = function () {};
