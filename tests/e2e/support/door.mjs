// Started in a network of its own: takes connections from a server of another network, and carries them to an address of this one.
import net from 'node:net';

const [host, port] = process.argv.slice(2);

function carry(socket) {
  const onward = net.connect({ host, port: Number(port) });
  for (const [one, other] of [[socket, onward], [onward, socket]]) {
    one.pipe(other);
    one.on('error', () => {}).on('close', () => other.destroy());
  }
}

process.on('message', (_, server) => {
  server.on('connection', carry);
  process.send('open');
});
process.on('disconnect', () => process.exit());
