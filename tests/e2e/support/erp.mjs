// The ERP of `tests/support/erp`, as a child process, and its control.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { here } from './paths.mjs';

export const USER = 'pantalla@example.com';
export const PASSWORD = 'clave-de-prueba';

export async function startErp(...options) {
  const child = spawn(process.execPath, [here('../support/erp/server.mjs'), '--with-parent', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const { url, control, ca } = await new Promise((resolve, reject) => {
    exited.then((code) => reject(new Error(`the ERP ended (${code})`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
  });
  const ask = async (path, init) => {
    const answer = await fetch(control + path, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  return {
    url,
    /** The file of the authority that signed its certificate, with `--tls`. */
    ca,
    /** The settings of a box that reads it. */
    settings: { url, user: USER, password: PASSWORD, allow_http: !ca, poll_s: 2 },
    outbound: ca ? { ca_file: ca } : undefined,
    set: (change) => ask('/_control', { method: 'PUT', body: JSON.stringify(change) }),
    reset: () => ask('/_control/reset', { method: 'POST' }),
    log: async () => JSON.parse(await ask('/_control/log')).requests,
    async stop() {
      child.stdin.end();
      child.kill();
      await exited;
    },
  };
}
