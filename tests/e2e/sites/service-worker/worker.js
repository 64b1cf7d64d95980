onactivate = function (event) { event.waitUntil(clients.claim()); };
oninstall = function (event) {
  event.waitUntil(caches.open('v1').then(function (cache) { return cache.addAll(['/', '/app.js', '/index.html']); }));
};
onfetch = function (event) {
  if (new URL(event.request.url).pathname === '/made-by-the-worker') event.respondWith(new Response(''));
};
