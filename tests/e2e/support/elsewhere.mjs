// Another origin, whose files, events and answers a site uses, and in whose pages a site is framed.
import http from 'node:http';
import { WebSocketServer } from 'ws';

const FILES = {
  '/api/machines': ['application/json', '[]'],
  '/events': ['text/event-stream', 'data: 1\n\n'],
  '/script.js': ['text/javascript', 'window.fromElsewhere = true;'],
  '/module.js': ['text/javascript', 'export default 1;'],
  '/style.css': ['text/css', 'body { color: rgb(1, 2, 3); }'],
  '/picture.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="4"/>'],
  '/frame.html': ['text/html', '<p>elsewhere</p>'],
  '/framing.html': [
    'text/html',
    `<p id="r">WAIT</p><script>
       onmessage = function () { document.getElementById('r').textContent = 'OK'; };
       var frame = document.createElement('iframe');
       frame.src = new URLSearchParams(location.search).get('site');
       document.body.appendChild(frame);
     </script>`,
  ],
};

export async function startElsewhere() {
  const server = http.createServer((request, response) => {
    const file = FILES[new URL(request.url, 'http://elsewhere').pathname];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file[0], 'access-control-allow-origin': '*' });
    // A stream of events goes on.
    if (file[0] === 'text/event-stream') response.write(file[1]);
    else response.end(file[1]);
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.send('1'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
