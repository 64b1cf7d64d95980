// nginx, as the makers of single-page apps say that it should be set up.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let count = 0;

const listens = (host, port) =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => resolve(true));
    socket.on('connect', () => socket.destroy()).on('error', () => resolve(false));
  });

/** Serves a directory; resolves once it listens. */
export async function startNginx(root) {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  // An address of its own instead of a port that somebody else may take in between.
  const host = `127.${1 + ((process.pid >> 8) % 254)}.${process.pid % 256}.${(count += 1)}`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/t;`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid() === 0 ? 'user root;' : ''} daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log;
     events {}
     http {
       access_log off; ${temporary.join(' ')}
       include /etc/nginx/mime.types; types { text/javascript mjs; } default_type application/octet-stream;
       server { listen ${host}:8080; root ${root}; location / { try_files $uri $uri/ /index.html; } }
     }`,
  );
  const child = spawn('nginx', ['-e', join(folder, 'log'), '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  let ended;
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve)).then((how) => (ended = { how }));
  while (!(await listens(host, 8080))) if (ended) throw new Error(`nginx ended (${ended.how})`);
  return {
    url: `http://${host}:8080/`,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
