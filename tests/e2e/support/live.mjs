// The box's live channel, played: `/_edge/live`, `/_edge/live.json` and what an ERP makes of `/_edge/display.json` are
// answered here, everything else comes from the real box. The one origin that a TV sees.
import http from 'node:http';
import net from 'node:net';

const NAMES = ['Torno Mazak', 'Torno Haas', 'Fresadora Deckel', 'Centro DMG', 'Rectificadora', 'Prensa 80 t', 'Soldadora', 'Láser Trumpf'];
const STATUS = ['IN_USE', 'AVAILABLE', 'IN_USE', 'MAINTENANCE', 'IN_USE', 'BROKEN', 'IN_USE', 'AVAILABLE'];

export const machines = (count = 8) =>
  Array.from({ length: count }, (_, i) => ({
    id: `m${i}`,
    code: `M-${i}`,
    name: i < NAMES.length ? NAMES[i] : `Máquina ${i + 1}`,
    type: 'LATHE',
    status: STATUS[i % STATUS.length],
  }));

export const alert = (id, severity, subject, message = 'Está fuera de servicio') => ({
  id,
  type: 'MACHINE_DOWN',
  severity,
  title: 'Máquina averiada',
  message,
  entityId: 'm5',
  entityType: 'Machine',
  createdAt: '2026-11-24T10:00:00.000Z',
  subject,
});

const hour = (at, completed, gap = false) => ({ hour: at, completed, gap });

export function workshop() {
  return {
    dashboard: {
      oee: { oee: '61.2', availability: '80.0', performance: '85.0', quality: '90.0' },
      production: { period: 'daily', completed: 47, inProgress: 9, startDate: '2026-11-24T00:00:00.000Z' },
      inventory: { lowStock: 3, critical: 1 },
      quality: { passRate: '97.1', pending: 4 },
    },
    weekly_throughput: { period: 'weekly', completed: 210, inProgress: 9, startDate: '2026-11-17T00:00:00.000Z' },
    monthly_throughput: { period: 'monthly', completed: 830, inProgress: 9, startDate: '2026-10-24T00:00:00.000Z' },
    machine_utilization: [],
    machines: machines(),
    machine_stats: { total: 8, available: 2, inUse: 4, maintenance: 1, broken: 1 },
    alerts: [
      alert('a1', 'CRITICAL', 'Prensa 80 t (M-5)'),
      alert('a2', 'WARNING', 'Barra 40 mm', 'Quedan 4 (mínimo: 10)'),
      alert('a3', 'INFO', 'ORD-2611-0001', 'Vence el 24/11/2026'),
    ],
    alert_summary: { total: 3, critical: 1, warning: 1, info: 1, byType: {} },
    order_stats: { totalOrders: 21, inProgress: 13, completed: 15, cancelled: 1, completionRate: '71.4' },
    quality_stats: { total: 200, passed: 190, failed: 8, rework: 2, firstPassYield: '95.0' },
    counts: {
      day: '2026-11-24',
      completed: 47,
      unplaced: 0,
      hours: [hour(6, 4), hour(7, 6), hour(8, 9), hour(9, 3), hour(10, 7), hour(11, 8), hour(12, 2), hour(13, 6), hour(14, 2)],
    },
  };
}

const clone = (value) => JSON.parse(JSON.stringify(value));
const HOLD_MS = 25_000;
const HEARTBEAT_MS = 15_000;

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

/** What the box knows, and who listens to it. */
export function createWall() {
  const shop = workshop();
  const parts = Object.fromEntries(Object.entries(shop).map(([name, value]) => [name, { age_s: 1, late: false, value }]));
  let known = { link: { state: 'up', since_s: 60, reason: null, text: null }, max_stale_s: 86_400, parts };
  let epoch = 'e1';
  let version = 1;
  const streams = new Set();
  const questions = new Set();
  const asked = { streams: [], questions: [] };
  const watchers = new Set();
  const noted = () => watchers.forEach((look) => look());
  /** Resolves once so many requests have come. */
  const are = (list, count) =>
    new Promise((resolve) => {
      const look = () => {
        if (list.length < count) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  const id = () => `${epoch}-${version}`;
  /** What each version changed. */
  const deltas = [];
  /** What a listener lacks that has the version of this id; everything where that is of another start. */
  const since = (last) => {
    const [start, number] = (last ?? '').split('-');
    if (start !== epoch) return known;
    const missed = deltas.filter(({ of }) => of > Number(number));
    return missed.reduce((all, { delta }) => ({ ...all, ...delta, parts: { ...all.parts, ...delta.parts } }), {});
  };
  const event = (body) => `id: ${id()}\ndata: ${JSON.stringify(body)}\n\n`;

  return {
    asked,
    streamsAre: (count) => are(asked.streams, count),
    questionsAre: (count) => are(asked.questions, count),
    /** How it holds back: `null`, `buffer` (streams are opened, and nothing comes through), or a status for every answer. */
    fault: null,
    get viewers() {
      return streams.size + questions.size;
    },
    id,
    /** Changes the link, or parts: `{name: {value?, age_s?, late?} | null}`. Listeners get what changed alone. */
    change({ link, parts: changed = {}, max_stale_s } = {}) {
      const delta = {};
      if (link) known.link = delta.link = { since_s: 0, reason: null, text: null, ...link };
      if (max_stale_s) known.max_stale_s = delta.max_stale_s = max_stale_s;
      for (const [name, part] of Object.entries(changed)) {
        known.parts[name] = part && { age_s: 0, late: false, ...(known.parts[name] ?? {}), ...part };
        delta.parts = { ...delta.parts, [name]: known.parts[name] };
      }
      version += 1;
      deltas.push({ of: version, delta });
      if (this.fault !== 'buffer') for (const stream of streams) stream.write(event(delta));
      for (const answer of questions) answer({ id: id(), ...clone(known) });
      questions.clear();
    },
    value: (name) => clone(known.parts[name].value),
    /** The box has been started again. */
    restart(next = {}) {
      epoch += 'x';
      version = 1;
      deltas.length = 0;
      known = { ...known, ...next };
    },
    stream(request, response) {
      asked.streams.push(request.headers['last-event-id'] ?? null);
      noted();
      if (typeof this.fault === 'number') return json(response, this.fault, {});
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      streams.add(response);
      if (this.fault === 'buffer') {
        response.flushHeaders();
      } else {
        response.write('retry: 2000\n\n');
        response.write(event(since(request.headers['last-event-id'])));
      }
      const beat = setInterval(() => this.fault === 'buffer' || response.write(':\n\n'), HEARTBEAT_MS);
      response.on('close', () => {
        clearInterval(beat);
        streams.delete(response);
      });
    },
    question(url, response) {
      const since = url.searchParams.get('since');
      asked.questions.push(since);
      noted();
      if (typeof this.fault === 'number') return json(response, this.fault, {});
      if (since !== id()) return json(response, 200, { id: id(), ...clone(known) });
      const answer = (body) => {
        clearTimeout(hold);
        questions.delete(answer);
        json(response, 200, body);
      };
      const hold = setTimeout(() => answer({ id: id() }), HOLD_MS);
      questions.add(answer);
      response.on('close', () => {
        clearTimeout(hold);
        questions.delete(answer);
      });
    },
  };
}

export async function startOrigin(boxPort, wall = createWall()) {
  const state = {
    wall,
    /** Without, the display gets the box's own answer. */
    hasErp: true,
    /** `null` while the box is down. */
    boxPort,
    /** Every path that a display asked for. */
    asked: [],
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

  /** The box's answer to a screen, as a screen gets it that has a name: without a code in its corner. */
  const toScreen = async (request, response) => {
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const { 'content-type': type, 'user-agent': agent } = request.headers;
      const headers = { 'content-type': type, 'user-agent': agent };
      const answer = await fetch(`http://127.0.0.1:${state.boxPort}/_edge/screen`, { method: 'POST', headers, body: Buffer.concat(chunks) });
      json(response, answer.status, { ...(await answer.json()), code: null });
    } catch {
      response.socket?.destroy();
    }
  };

  const server = http.createServer((request, response) => {
    // All of this origin is the box to the TV: without it, nothing answers.
    if (state.boxPort === null) return request.socket.destroy();
    const url = new URL(request.url, 'http://box');
    state.asked.push(url.pathname);
    if (url.pathname === '/_edge/live') state.wall.stream(request, response);
    else if (url.pathname === '/_edge/live.json') state.wall.question(url, response);
    else if (url.pathname === '/_edge/display.json') toSettings(response);
    else if (url.pathname === '/_edge/screen') toScreen(request, response);
    else toBox(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
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
    wall,
    url: `http://127.0.0.1:${server.address().port}/`,
    dropConnections: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
