// A workshop's ERP, and in front of it the one origin that a TV sees: `/api/` and `/socket.io/` are answered here as a box
// with an ERP would pass them on, everything else comes from the real box.
import http from 'node:http';
import net from 'node:net';
import { Server } from 'socket.io';

const NAMES = ['Torno Mazak', 'Torno Haas', 'Fresadora Deckel', 'Centro DMG', 'Rectificadora', 'Prensa 80 t', 'Soldadora', 'Láser Trumpf'];
const STATUS = ['IN_USE', 'AVAILABLE', 'IN_USE', 'MAINTENANCE', 'IN_USE', 'BROKEN', 'IN_USE', 'AVAILABLE'];

export const machines = (count = 8) =>
  Array.from({ length: count }, (_, i) => ({
    id: `m${i}`,
    code: `M-${i}`,
    name: i < NAMES.length ? NAMES[i] : `Máquina ${i + 1}`,
    type: 'LATHE',
    status: STATUS[i % STATUS.length],
    workshopId: 'w1',
  }));

export const alert = (id, severity, title) => ({
  id,
  type: 'MACHINE_DOWN',
  severity,
  title,
  message: `${title}.`,
  entityId: 'm5',
  entityType: 'machine',
  createdAt: '2026-11-24T10:00:00.000Z',
});

export function workshop() {
  return {
    dashboard: {
      oee: { oee: '61.2', availability: '80.0', performance: '85.0', quality: '90.0' },
      production: { period: 'daily', completed: 47, inProgress: 9, startDate: '2026-11-24T00:00:00.000Z' },
      inventory: { lowStock: 3, critical: 1 },
      quality: { passRate: '97.1', pending: 4 },
    },
    throughput: { period: 'daily', completed: 47, inProgress: 9, startDate: '2026-11-24T00:00:00.000Z' },
    machines: machines(),
    alerts: [
      alert('a1', 'CRITICAL', 'Prensa 80 t parada'),
      alert('a2', 'WARNING', 'Stock bajo: barra 40 mm'),
      alert('a3', 'INFO', 'Orden OP-12 vence hoy'),
    ],
    orders: { totalOrders: 21, inProgress: 13, completed: 15, cancelled: 1, completionRate: '71.4' },
    quality: { total: 200, passed: 190, failed: 8, rework: 2, firstPassYield: '95.0' },
  };
}

const ANSWERS = {
  '/analytics/dashboard': (shop) => shop.dashboard,
  '/analytics/oee': (shop) => shop.dashboard.oee,
  '/analytics/throughput': (shop) => shop.throughput,
  '/analytics/machine-utilization': () => [],
  '/machines': (shop) => shop.machines,
  '/machines/stats': (shop) => ({ total: shop.machines.length, available: 2, inUse: 4, maintenance: 1, broken: 1 }),
  '/alerts': (shop) => shop.alerts,
  '/alerts/summary': (shop) => ({ total: shop.alerts.length }),
  '/production/orders/stats': (shop) => shop.orders,
  '/quality/stats': (shop) => shop.quality,
};

/** What the ERP, or the box on its behalf, can do instead of answering. */
const FAULTS = {
  unauthorized: (_, response) =>
    json(response, 401, { statusCode: 401, message: 'Unauthorized', error: 'Unauthorized' }),
  forbidden: (_, response) => json(response, 403, { statusCode: 403, message: 'Forbidden' }),
  missing: (_, response) => json(response, 404, { statusCode: 404, message: 'Not found' }),
  broken: (_, response) => json(response, 500, { statusCode: 500, message: 'Internal server error' }),
  gateway: (_, response) => json(response, 502, { statusCode: 502, message: 'Bad gateway' }),
  html: (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>Log in to the Wi-Fi</title>');
  },
  garbage: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"completed": 4');
  },
  foreign: (_, response) => json(response, 200, { a: [null, { completed: 'many', oee: [] }], status: 7 }),
  nulls: (_, response) => json(response, 200, null),
  cut: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('[');
    response.socket.destroySoon();
  },
};
export const FAULT_NAMES = Object.keys(FAULTS);

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

export async function startOrigin(boxPort) {
  const state = {
    shop: workshop(),
    fault: null,
    headers: {},
    /** Without, the display gets the box's own answer. */
    hasErp: true,
    /** `null` while the box is down. */
    boxPort,
    asked: [],
    listened: [],
    answered: 0,
  };
  const watchers = new Set();
  const answered = () => {
    state.answered += 1;
    watchers.forEach((watcher) => watcher());
  };

  const toErp = (request, response, url) => {
    const path = url.pathname.replace(/^\/api/, '');
    state.asked.push(path);
    if (state.asked.length > 500) state.asked.shift();
    response.on('close', answered);
    if (state.fault === 'hang') return;
    if (state.fault) return FAULTS[state.fault](request, response);
    const answer = ANSWERS[path];
    if (!answer) return FAULTS.missing(request, response);
    json(response, 200, answer(state.shop), state.headers);
  };

  const toBox = (request, response) => {
    const { method, url, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: state.boxPort, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.socket?.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };

  /** The box's settings, as one with an ERP gives them. */
  const toSettings = async (response) => {
    try {
      const settings = await (await fetch(`http://127.0.0.1:${state.boxPort}/_edge/display.json`)).json();
      json(response, 200, state.hasErp ? { ...settings, erp: true } : settings);
    } catch {
      response.socket?.destroy();
    }
  };

  const server = http.createServer((request, response) => {
    // All of this origin is the box to the TV: without it, nothing answers.
    if (state.boxPort === null) return request.socket.destroy();
    const url = new URL(request.url, 'http://box');
    if (url.pathname.startsWith('/api/')) toErp(request, response, url);
    else if (url.pathname === '/_edge/display.json') toSettings(response);
    else toBox(request, response);
  });
  const io = new Server(server, { serveClient: false, destroyUpgrade: false });
  io.on('connection', (socket) => {
    socket.on('listen', (body) => {
      state.listened.push(body);
      watchers.forEach((watcher) => watcher());
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.url.startsWith('/socket.io/')) return;
    const onward = net.connect(state.boxPort ?? 1, '127.0.0.1', () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      }
      onward.write(lines.join('\r\n') + '\r\n\r\n');
      onward.write(head);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    state,
    io,
    url: `http://127.0.0.1:${server.address().port}/`,
    /** Resolves once the condition holds; looked at whenever something was answered or heard. */
    until: (condition) =>
      new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(patience);
          watchers.delete(look);
        };
        const look = () => {
          if (!condition(state)) return;
          end();
          resolve();
        };
        const patience = setTimeout(() => {
          end();
          reject(new Error(`never came true: ${condition}`));
        }, 30_000);
        watchers.add(look);
        look();
      }),
    /** As many further answers as one refresh of one display asks for, twice: so one of them began after this call. */
    refreshed() {
      const from = state.answered;
      return this.until(() => state.answered >= from + 12);
    },
    dropConnections: () => server.closeAllConnections(),
    async close() {
      await io.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
