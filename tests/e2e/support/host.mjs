// Where boxes and browsers run: on this machine, or as hosts of a network of its own, made of network namespaces, with which nothing of
// the machine's own is touched.
import { execFileSync, spawn } from 'node:child_process';
import net from 'node:net';
import { here } from './paths.mjs';

/** This machine. */
export const HERE = { address: '127.0.0.1', spawn, reach: async (port) => port };

const isRoot = process.getuid() === 0;

/** A process that does nothing but keep a network of its own, as long as this one lives, and what enters that. */
async function keeper([program, ...entry]) {
  const child = spawn(program, [...entry, 'unshare', '--net', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const isReady = new Promise((resolve) => child.stdout.once('data', () => resolve(true)));
  if ((await Promise.race([isReady, ended])) !== true) throw new Error('no network namespaces for these tests: run them as root, or allow them to users');
  return {
    pid: child.pid,
    entry: ['nsenter', '--target', `${child.pid}`, ...(isRoot ? [] : ['--user', '--preserve-credentials']), '--net'],
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}

/** A switch, and hosts with these addresses that are plugged into it. */
export async function startLan(...addresses) {
  const lan = await keeper(isRoot ? ['env'] : ['unshare', '--user', '--map-root-user']);
  const ip = ({ entry: [program, ...entry] }, line) => execFileSync(program, [...entry, 'ip', ...line.split(' ')]);
  const keepers = [lan];
  const doors = [];
  ip(lan, 'link add name switch type bridge');
  ip(lan, 'link set switch up');

  const plugged = async (address, number) => {
    const own = await keeper(lan.entry);
    keepers.unshift(own);
    const port = `port${number}`;
    ip(lan, `link add name ${port} type veth peer name eth0 netns ${own.pid}`);
    ip(lan, `link set ${port} master switch up`);
    ip(own, `address add ${address}/24 dev eth0`);
    ip(own, 'link set eth0 up');
    const [program, ...entry] = own.entry;
    const spawnHere = (what, arguments_, options) => spawn(program, [...entry, what, ...arguments_], options);
    return {
      address,
      spawn: spawnHere,
      /** A port of this machine that leads to one of this host. */
      async reach(to, at = '127.0.0.1') {
        // A socket belongs to the network in which it was made, whoever accepts from it.
        const server = net.createServer();
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        const door = spawnHere(process.execPath, [here('support/door.mjs'), at, `${to}`], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
        doors.push(door);
        door.send('server', server);
        await new Promise((resolve, reject) => door.once('message', resolve).once('exit', () => reject(new Error('a door ended'))));
        const { port: from } = server.address();
        server.close();
        return from;
      },
      /** Pulls its cable out at the switch: no connection is closed, and the host loses its carrier. */
      unplug: () => ip(lan, `link set ${port} down`),
      plug: () => ip(lan, `link set ${port} up`),
    };
  };

  const hosts = [];
  for (const [number, address] of addresses.entries()) hosts.push(await plugged(address, number));
  return {
    hosts,
    async close() {
      for (const door of doors) {
        const ended = new Promise((resolve) => door.once('exit', resolve));
        door.kill('SIGKILL');
        await ended;
      }
      for (const one of keepers) await one.end();
    },
  };
}
