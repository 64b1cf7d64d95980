// The ERP as the box meets it: its paths, its answers, its tokens, its entity tags, and its faults. See README.md.

import { spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const { values: options } = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    prefix: { type: 'string', default: '' },
    tls: { type: 'boolean', default: false },
    // The end of the standard input ends the server: it does not outlive the test that started it.
    'with-parent': { type: 'boolean', default: false },
  },
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

// ---------------------------------------------------------------------------------------------------------------------
// What the ERP knows.

let state;

const id = (number) => `c${String(number).padStart(24, '0')}`;

function workshop(number, name, machines) {
  return {
    id: id(number),
    name,
    machines,
    materials: [],
    orders: [],
    inspections: [],
    // Percentages of OEE that no state of this server gives.
    performance: '0.0',
  };
}

const machine = (number, code, name, type, status, brand, model, capacity) => ({
  id: id(number), code, name, type, status, brand, model, capacity,
  lastMaintenance: null, nextMaintenance: null, totalHoursUsed: '0.00', jobsCompleted: 0,
});

function reset() {
  const start = Date.now();
  const one = workshop(4, 'Taller Uno', [
    machine(1, 'MCH-001', 'Cortadora Laser Fiber', 'LASER_CUTTER', 'IN_USE', 'Trumpf', 'TruLaser 3030', '10mm acero, 6mm inox'),
    machine(2, 'MCH-002', 'Dobladora CNC', 'CNC_BENDER', 'BROKEN', 'Amada', 'HFE 100-3', '100 ton, 3m longitud'),
    machine(3, 'MCH-003', 'Maquina Soldar TIG', 'TIG_WELDER', 'MAINTENANCE', 'Lincoln', 'Precision TIG 225', '225A, AC/DC'),
  ]);
  one.machines[2].lastMaintenance = new Date(start).toISOString();
  one.materials = [
    { id: id(5), name: 'Tubo Aluminio 7075', stock: 4, minimum: 10, unit: 'METER' },
    { id: id(8), name: 'Plancha Aluminio 6061', stock: 6, minimum: 10, unit: 'SHEET' },
  ];
  const order = (number, entity, status, due) => ({
    id: id(entity), number: `ORD-2611-${String(number).padStart(4, '0')}`, customer: 'Cliente Uno', status,
    due: start + due, completedAt: null,
  });
  one.orders = [
    order(1, 6, 'DESIGN_APPROVAL', -DAY),
    order(2, 7, 'DESIGN_APPROVAL', -2 * HOUR),
    order(3, 9, 'DESIGN_APPROVAL', 3 * HOUR),
    order(4, 10, 'CUTTING', 8 * HOUR),
    order(5, 21, 'DESIGN_APPROVAL', 9 * DAY),
    order(6, 22, 'WELDING', 9 * DAY),
    order(7, 23, 'WELDING', 9 * DAY),
    order(8, 24, 'CUTTING', 9 * DAY),
  ];
  one.inspections = [
    { id: id(25), order: 'ORD-2611-0005', stage: 'CUTTING', result: 'PASSED' },
    { id: id(11), order: 'ORD-2611-0006', stage: 'WELDING', result: 'FAILED' },
    { id: id(12), order: 'ORD-2611-0007', stage: 'WELDING', result: 'FAILED' },
    { id: id(26), order: 'ORD-2611-0008', stage: 'CUTTING', result: 'REWORK' },
  ];
  const two = workshop(104, 'Taller Dos', [
    machine(101, 'DOS-001', 'Torno Paralelo', 'LATHE', 'AVAILABLE', 'Romi', 'T 240', '500mm'),
  ]);
  const empty = workshop(204, 'Taller Vacio', []);
  const user = (number, role, workshop, email) => [email, {
    id: id(number), password: 'clave-de-prueba', firstName: 'Nombre', lastName: 'Apellido', role, workshop,
  }];
  state = {
    workshops: [one, two, empty],
    users: new Map([
      user(20, 'OPERATOR', one, 'pantalla@example.com'),
      user(30, 'ADMIN', one, 'admin@example.com'),
      user(40, 'OPERATOR', two, 'dos@example.com'),
      user(50, 'OPERATOR', empty, 'vacio@example.com'),
    ]),
    // One per back end; they answer in turns.
    secrets: [newSecret()],
    turn: 0,
    lifetimeS: 3600,
    offsetS: 0,
    fault: { name: 'none' },
    gzip: false,
    latencyMs: 0,
    mark: null,
    extra: {},
    bucket: { level: 0, at: 0 },
    next: 1000,
  };
}

const newSecret = () => randomBytes(32);
const now = () => Date.now() + state.offsetS * 1000;
const iso = (time) => new Date(time).toISOString();

// ---------------------------------------------------------------------------------------------------------------------
// Tokens: JWT with HS256.

const base64url = (text) => Buffer.from(text).toString('base64url');
const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest();

function token(secret, email, user, lifetimeS) {
  const iat = Math.floor(now() / 1000);
  const claims = { sub: user.id, email: marked('email', email), role: user.role, workshopId: user.workshop.id, iat, exp: iat + lifetimeS };
  const text = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${hmac(secret, text).toString('base64url')}`;
}

// The claims of a token that this back end accepts.
function verify(secret, text) {
  const parts = (text ?? '').split('.');
  if (parts.length !== 3) return null;
  const given = Buffer.from(parts[2], 'base64url');
  const wanted = hmac(secret, `${parts[0]}.${parts[1]}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
  return claims.exp * 1000 > now() ? claims : null;
}

// ---------------------------------------------------------------------------------------------------------------------
// Answers.

// A piece of personal data: as it is, or as a mark that a test looks for.
const marked = (what, otherwise) => (state.mark === null ? otherwise : `${state.mark}-${what}`);

// An object with what no wall may show, if a test looks for it.
const extended = (value) => state.mark === null ? value : {
  ...value,
  email: marked('email'), phone: marked('phone'), address: marked('address'), notes: marked('notes'),
  [`${state.mark}-key`]: marked('value'),
  operator: { firstName: marked('first'), lastName: marked('last'), email: marked('email'), password: `$2b$10$${state.mark}` },
  customer: { name: marked('customer'), email: marked('email'), phone: marked('phone'), address: marked('address') },
};

const customer = (order) => marked('customer - Vence: 1/1/2020 - S.A.', order.customer);

const percent = (part, whole) => (whole === 0 ? '0.0' : ((100 * part) / whole).toFixed(1));
const count = (list, condition) => list.filter(condition).length;
const isOpen = (order) => order.completedAt === null;

function throughput(shop, period) {
  const start = { daily: () => iso(Math.floor(now() / DAY) * DAY), weekly: () => iso(now() - 7 * DAY), monthly: monthAgo }[period]?.();
  const completed = start === undefined ? 0 : count(shop.orders, (order) => !isOpen(order) && iso(order.completedAt) >= start);
  return { period, completed, inProgress: count(shop.orders, isOpen), ...(start === undefined ? {} : { startDate: start }) };
}

function monthAgo() {
  const date = new Date(now());
  date.setUTCMonth(date.getUTCMonth() - 1);
  return date.toISOString();
}

function oee(shop) {
  const availability = percent(count(shop.machines, (one) => one.status === 'AVAILABLE'), shop.machines.length);
  const quality = percent(count(shop.inspections, (one) => one.result === 'PASSED'), shop.inspections.length);
  const all = (availability * shop.performance * quality) / 10_000;
  return { oee: all.toFixed(1), availability, performance: shop.performance, quality };
}

const isCritical = (material) => material.stock < material.minimum / 2;

const dashboard = (shop) => ({
  oee: extended(oee(shop)),
  production: extended(throughput(shop, 'daily')),
  inventory: extended({
    lowStock: count(shop.materials, (one) => one.stock < one.minimum),
    critical: count(shop.materials, isCritical),
  }),
  quality: extended({
    passRate: oee(shop).quality,
    pending: count(shop.inspections, (one) => one.result === 'REWORK'),
  }),
});

const utilization = (shop) => shop.machines.map(({ id, name, type, status, totalHoursUsed, jobsCompleted }) =>
  extended({ machineId: id, name, type, status, totalHoursUsed, jobsCompleted }));

const machines = (shop) => shop.machines.map(({ totalHoursUsed, jobsCompleted, ...one }) => extended({
  ...one, brand: marked('brand', one.brand), model: marked('model', one.model),
  workshopId: shop.id, createdAt: '2026-11-28T07:59:27.418Z', updatedAt: '2026-11-28T08:00:59.807Z',
}));

const machineStats = (shop) => ({
  total: shop.machines.length,
  available: count(shop.machines, (one) => one.status === 'AVAILABLE'),
  inUse: count(shop.machines, (one) => one.status === 'IN_USE'),
  maintenance: count(shop.machines, (one) => one.status === 'MAINTENANCE'),
  broken: count(shop.machines, (one) => one.status === 'BROKEN'),
});

const SEVERITIES = ['CRITICAL', 'WARNING', 'INFO'];

function alerts(shop) {
  const list = [];
  const push = (id, type, severity, title, message, entityId, entityType) =>
    list.push(extended({ id, type, severity, title, message, entityId, entityType, createdAt: iso(now()) }));
  for (const one of shop.materials.filter((one) => one.stock < one.minimum)) {
    const message = `${one.name} tiene ${one.stock} ${one.unit}s (mínimo: ${one.minimum})`;
    push(`stock-${one.id}`, 'LOW_STOCK', ...(isCritical(one) ? ['CRITICAL', 'Stock Crítico'] : ['WARNING', 'Stock Bajo']), message, one.id, 'Material');
  }
  for (const one of shop.orders.filter((one) => isOpen(one) && one.due < now() + DAY)) {
    const message = `${one.number} - ${customer(one)} - Vence: ${new Date(one.due).toLocaleDateString('en-US', { timeZone: 'UTC' })}`;
    const late = one.due < now();
    push(`deadline-${one.id}`, ...(late ? ['ORDER_DELAY', 'CRITICAL', 'Orden Atrasada'] : ['DEADLINE', 'WARNING', 'Fecha Límite Cercana']), message, one.id, 'ProductionOrder');
  }
  for (const one of shop.machines.filter((one) => one.status === 'BROKEN' || one.status === 'MAINTENANCE')) {
    const words = one.status === 'BROKEN' ? ['CRITICAL', 'Máquina Averiada'] : ['INFO', 'Máquina en Mantenimiento'];
    push(`machine-${one.id}`, 'MACHINE_DOWN', ...words, `${one.name} (${one.code}) está fuera de servicio`, one.id, 'Machine');
  }
  for (const one of shop.inspections.filter((one) => one.result === 'FAILED')) {
    const message = `Orden ${one.order} - ${one.stage} requiere atención`;
    push(`quality-${one.id}`, 'QUALITY_ISSUE', 'WARNING', 'Problema de Calidad', message, one.id, 'QualityCheck');
  }
  if (state.mark !== null) {
    // What a later ERP may say.
    push(`new-${id(900)}`, 'DELIVERY', 'URGENT', marked('title'), marked('message'), id(900), marked('entity'));
    push(`deadline-${id(901)}`, 'DEADLINE', 'WARNING', marked('title'), `Entrega para ${marked('customer')}`, id(901), 'ProductionOrder');
    push(marked('id with spaces'), 'MACHINE_DOWN', 'INFO', 'Máquina', `De ${marked('owner')}`, marked('entity id'), 'Machine');
  }
  return list.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function alertSummary(shop) {
  const list = alerts(shop);
  const of = (type) => count(list, (one) => one.type === type);
  return {
    total: list.length,
    critical: count(list, (one) => one.severity === 'CRITICAL'),
    warning: count(list, (one) => one.severity === 'WARNING'),
    info: count(list, (one) => one.severity === 'INFO'),
    byType: {
      lowStock: of('LOW_STOCK'), deadline: of('DEADLINE'), machineDown: of('MACHINE_DOWN'),
      qualityIssue: of('QUALITY_ISSUE'), orderDelay: of('ORDER_DELAY'),
    },
  };
}

function orderStats(shop) {
  const completed = shop.orders.length - count(shop.orders, isOpen);
  return {
    totalOrders: shop.orders.length,
    inProgress: count(shop.orders, isOpen),
    completed,
    cancelled: 0,
    // The number 0, and strings otherwise.
    completionRate: shop.orders.length === 0 ? 0 : percent(completed, shop.orders.length),
  };
}

function qualityStats(shop) {
  const of = (result) => count(shop.inspections, (one) => one.result === result);
  const total = shop.inspections.length;
  return {
    total, passed: of('PASSED'), failed: of('FAILED'), rework: of('REWORK'),
    firstPassYield: total === 0 ? 0 : percent(of('PASSED'), total),
  };
}

// Never asked for by a box: it is here so that a test sees if it is.
function dueToday() {
  const { body } = JSON.parse(readFileSync(new URL('captures/200-production-orders-due-today.json', import.meta.url)));
  return body.map((one) => extended({ ...one, customer: { ...one.customer, name: marked('customer', one.customer.name) } }));
}

const READS = {
  '/analytics/dashboard': dashboard,
  '/analytics/oee': oee,
  '/analytics/throughput': (shop, query) => throughput(shop, query.get('period') ?? 'daily'),
  '/analytics/machine-utilization': utilization,
  '/machines': machines,
  '/machines/stats': machineStats,
  '/alerts': alerts,
  '/alerts/summary': alertSummary,
  '/production/orders/stats': orderStats,
  '/production/orders/due-today': dueToday,
  '/quality/stats': qualityStats,
};

const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const answer = (status, body, fields = {}) => ({ status, body: Buffer.from(JSON.stringify(body)), fields });
const failure = (status, error, message) => answer(status, { message, error, statusCode: status });
const unauthorized = () => answer(401, { message: 'Unauthorized', statusCode: 401 });
const internal = (status = 500) => answer(status, { statusCode: status, message: 'Internal server error' });
const page = (status, text, fields = {}) => ({
  status, html: true, body: Buffer.from(text), fields: { 'Content-Type': 'text/html', Connection: 'keep-alive', ...fields },
});
const nginxPage = (status, title) => page(status,
  `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  { Server: 'nginx' });
const awsPage = () => page(403,
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1>Request blocked.</BODY></HTML>\n',
  { Server: 'CloudFront' });

// What the ERP answers without any fault.
function serve(request, url, body, secret) {
  const path = url.pathname.toLowerCase().replace(/(.)\/$/, '$1');
  const cannot = () => failure(404, 'Not Found', `Cannot ${request.method} ${request.url}`);
  if (!path.startsWith(options.prefix)) return cannot();
  const route = path.slice(options.prefix.length);
  if (route === '/auth/login' && request.method === 'POST') return login(body, secret);
  const claims = verify(secret, /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]);
  const known = claims && [...state.users].find(([, user]) => user.id === claims.sub);
  if (route === '/auth/refresh' && request.method === 'POST') {
    if (!claims) return unauthorized();
    if (!known) return failure(404, 'Not Found', 'User not found');
    const pair = () => token(secret, known[0], known[1], state.lifetimeS);
    return answer(200, { accessToken: pair(), refreshToken: pair() });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return cannot();
  if (route === '/health') return answer(200, { status: 'ok', timestamp: iso(now()), uptime: process.uptime(), version: '0.0.1' });
  if (route === '/health/ready') return answer(200, { status: 'ready' });
  if (route === '/health/live') return answer(200, { status: 'live' });
  const query = `${route}${url.search}`;
  const read = READS[route];
  if (!read && !(query in state.extra) && route !== '/analytics/financial' && !route.startsWith('/machines/')) return cannot();
  if (!claims) return unauthorized();
  // A deleted user's token still reads.
  const shop = state.workshops.find((one) => one.id === claims.workshopId);
  if (query in state.extra) return answer(200, state.extra[query]);
  if (route === '/analytics/financial') return failure(403, 'Forbidden', 'Forbidden resource');
  if (!read) return failure(404, 'Not Found', 'Machine not found');
  const value = read(shop, url.searchParams);
  return answer(200, isPlain(value) ? extended(value) : value);
}

function login(body, secret) {
  let given;
  try {
    given = JSON.parse(body);
  } catch (error) {
    return failure(400, 'Bad Request', error.message.replace(/ \(line .*/, ''));
  }
  if (given.email === undefined || given.password === undefined) return internal();
  const user = state.users.get(given.email);
  if (user?.password !== given.password) return failure(401, 'Unauthorized', 'Invalid credentials');
  return answer(200, {
    user: extended({
      id: user.id, email: marked('email', given.email),
      firstName: marked('first', user.firstName), lastName: marked('last', user.lastName),
      role: user.role, workshop: { id: user.workshop.id, name: user.workshop.name },
    }),
    accessToken: token(secret, given.email, user, state.lifetimeS),
    refreshToken: token(secret, given.email, user, 604_800),
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Faults. Each gives an answer, or sends what it sends by itself and gives null.

const isLogin = (url) => url.pathname.toLowerCase().endsWith('/auth/login');

const FAULTS = {
  none: (_, reply) => reply(),
  slow: ({ fault }, reply) => new Promise((done) => setTimeout(done, fault.ms ?? 3000)).then(reply),
  hang: () => null,
  reset: ({ response }) => {
    response.socket.destroy();
    return null;
  },
  hang_after_head: ({ response }, reply) => {
    const whole = reply();
    head(response, whole);
    response.write(whole.body.subarray(0, Math.min(8, whole.body.length >> 1)));
    return null;
  },
  drip: ({ response, fault }, reply) => {
    const whole = reply();
    head(response, whole);
    let at = 0;
    const timer = setInterval(() => {
      if (at < whole.body.length && !response.destroyed) {
        response.write(whole.body.subarray(at, (at += fault.bytes ?? 1)));
        return;
      }
      clearInterval(timer);
      response.end();
    }, fault.ms ?? 100);
    return null;
  },
  truncated: ({ response }, reply) => {
    const whole = reply();
    head(response, whole);
    response.write(whole.body.subarray(0, whole.body.length >> 1), () => response.socket.destroy());
    return null;
  },
  // Health lies: it has no part in it.
  status: ({ url, fault }, reply) => (url.pathname.includes('/health') ? reply() : internal(fault.status ?? 500)),
  unauthorized: ({ url }, reply) => (isLogin(url) ? reply() : unauthorized()),
  login_refused: ({ url }, reply) => (isLogin(url) ? failure(401, 'Unauthorized', 'Invalid credentials') : reply()),
  forbidden: ({ url }, reply) => (isLogin(url) ? reply() : failure(403, 'Forbidden', 'Forbidden resource')),
  wrong_prefix: ({ request }) => failure(404, 'Not Found', `Cannot ${request.method} ${request.url}`),
  html: ({ fault }) => {
    const status = fault.status ?? 403;
    if (status === 403) return awsPage();
    if (status === 200) return page(200, '<!doctype html><title>Portal</title><form action="/login"></form>');
    return nginxPage(status, { 502: 'Bad Gateway', 503: 'Service Temporarily Unavailable', 504: 'Gateway Time-out' }[status] ?? 'Error');
  },
  overloaded: ({ fault }) => {
    const status = fault.status ?? 429;
    return answer(status, { statusCode: status, message: 'ThrottlerException: Too Many Requests' },
      fault.retry_after === null ? {} : { 'Retry-After': String(fault.retry_after ?? 7) });
  },
  // As nginx's limit_req: over the rate and the burst, a page.
  rate_limit: ({ fault }, reply) => {
    const { bucket } = state;
    const time = Date.now();
    bucket.level = Math.max(0, bucket.level - ((time - bucket.at) / 1000) * (fault.rate ?? 10));
    bucket.at = time;
    if (bucket.level >= (fault.burst ?? 20)) return nginxPage(503, 'Service Temporarily Unavailable');
    bucket.level += 1;
    return reply();
  },
  garbage: () => ({ status: 200, body: Buffer.from('\u0000\u00ff{"oee":]]\ufffdnot json'), fields: {} }),
  other_shape: ({ url, fault }, reply) => (isLogin(url) !== (fault.login ?? false) ? reply() : answer(200, { data: [], meta: { page: 1 } })),
  redirect: ({ fault }) => ({
    status: fault.status ?? 302, body: Buffer.from(''), fields: { Location: fault.location ?? `${controlUrl()}/_elsewhere` },
  }),
  // Of about so many bytes.
  many_alerts: ({ url, fault }, reply) => {
    const whole = reply();
    if (whole.status !== 200 || !/\/alerts$/i.test(url.pathname)) return whole;
    const list = JSON.parse(whole.body);
    const one = (number) => ({
      id: `quality-${id(10_000 + number)}`, type: 'QUALITY_ISSUE', severity: 'WARNING', title: 'Problema de Calidad',
      message: `Orden ORD-2611-${number} - WELDING requiere atención`, entityId: id(10_000 + number), entityType: 'QualityCheck',
      createdAt: iso(now()),
    });
    const wanted = fault.bytes ?? 8 * 1024 * 1024 + 1;
    for (let bytes = whole.body.length, number = 0; bytes < wanted; number += 1) {
      list.push(one(number));
      bytes += Buffer.byteLength(JSON.stringify(list.at(-1))) + 1;
    }
    return answer(200, list);
  },
};

// ---------------------------------------------------------------------------------------------------------------------
// The server.

const log = [];
let connections = 0;

// As Express makes it.
const entityTag = (body) =>
  `W/"${body.length.toString(16)}-${createHash('sha1').update(body).digest('base64').slice(0, 27)}"`;

const EXPRESS = { 'X-Powered-By': 'Express', 'Access-Control-Allow-Origin': '*' };

function head(response, { status, body, fields, html }) {
  const all = html
    ? { ...fields, 'Content-Length': body.length }
    : { ...EXPRESS, 'Content-Type': 'application/json; charset=utf-8', ...fields, 'Content-Length': body.length, ETag: entityTag(body) };
  response.writeHead(status, all);
}

function send(request, response, whole) {
  const tag = entityTag(whole.body);
  const asked = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  const fresh = asked.includes(tag.replace(/^W\//, '')) || asked.includes('*');
  const insists = /(?:^|,)\s*no-cache\s*(?:,|$)/.test(request.headers['cache-control'] ?? '');
  if (whole.status === 200 && !whole.html && fresh && !insists && request.method !== 'POST') {
    response.writeHead(304, { ...EXPRESS, ETag: tag });
    response.end();
    return 304;
  }
  if (state.gzip && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') && whole.body.length > 0) {
    const packed = gzipSync(whole.body);
    // Its length is not said, as nginx does.
    response.writeHead(whole.status, {
      ...EXPRESS, 'Content-Type': 'application/json; charset=utf-8', ...whole.fields, ETag: tag,
      'Content-Encoding': 'gzip', Vary: 'Accept-Encoding',
    });
    response.end(request.method === 'HEAD' ? undefined : packed);
    return whole.status;
  }
  head(response, whole);
  response.end(request.method === 'HEAD' ? undefined : whole.body);
  return whole.status;
}

async function handle(request, response) {
  const url = new URL(request.url, 'http://erp.invalid');
  const fault = state.fault;
  const entry = {
    at_ms: Date.now(), method: request.method, path: request.url, status: null, fault: 'none', backend: 0,
    authorization: request.headers.authorization !== undefined,
    if_none_match: request.headers['if-none-match'] ?? null,
    user_agent: request.headers['user-agent'] ?? null,
    traceparent: request.headers.traceparent ?? null,
    // Where a request of the TV's own would show.
    fields: Object.keys(request.headers),
  };
  log.push(entry);
  let body = '';
  for await (const piece of request) body += piece;
  entry.backend = state.turn % state.secrets.length;
  state.turn += 1;
  const secret = state.secrets[entry.backend];
  if (state.latencyMs > 0) await new Promise((done) => setTimeout(done, state.latencyMs));
  const applies = !fault.paths || fault.paths.some((one) => `${options.prefix}${one}` === request.url || `${options.prefix}${one}` === url.pathname);
  if (applies) entry.fault = fault.name;
  const reply = () => serve(request, url, body, secret);
  const whole = await (applies ? FAULTS[fault.name] : FAULTS.none)({ request, response, url, fault }, reply);
  if (whole === null) return;
  if (response.destroyed) return;
  entry.status = send(request, response, whole);
}

function onRequest(request, response) {
  handle(request, response).catch((error) => {
    console.error(error);
    response.destroy();
  });
}

// A CA, and certificates of it for 127.0.0.1, ::1 and localhost; and others that no client may accept.
function certificates() {
  const directory = mkdtempSync(join(tmpdir(), 'erp-tls-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const openssl = (...words) => {
    const { status, stderr } = spawnSync('openssl', words, { cwd: directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${words.join(' ')}: ${stderr}`);
  };
  writeFileSync(join(directory, 'ca.cnf'),
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\nrand_serial=yes\n' +
    '[p]\ncommonName=supplied\n[here]\nsubjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost,DNS:erp.test\n[there]\nsubjectAltName=DNS:other.invalid\n');
  writeFileSync(join(directory, 'index'), '');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '36500', '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem');
  const issue = (name, extensions, from, to) => {
    openssl('req', ...key, '-subj', '/CN=erp.test', '-keyout', `${name}.key`, '-out', `${name}.csr`);
    openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-in', `${name}.csr`,
      '-out', `${name}.pem`, '-extfile', 'ca.cnf', '-extensions', extensions, '-startdate', from, '-enddate', to);
  };
  issue('valid', 'here', '20200101000000Z', '20991231000000Z');
  issue('expired', 'here', '20200101000000Z', '20210101000000Z');
  issue('other_name', 'there', '20200101000000Z', '20991231000000Z');
  openssl('req', '-x509', ...key, '-days', '3650', '-subj', '/CN=erp.test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout', 'self_signed.key', '-out', 'self_signed.pem');
  const read = (name) => ({ key: readFileSync(join(directory, `${name}.key`)), cert: readFileSync(join(directory, `${name}.pem`)) });
  return { ca: join(directory, 'ca.pem'), read };
}

const tls = options.tls ? certificates() : null;
let certificate = 'valid';
let server = null;
let port = Number(options.port);

function open() {
  const parts = { keepAliveTimeout: 5000 };
  const made = tls ? https.createServer({ ...parts, ...tls.read(certificate) }, onRequest) : http.createServer(parts, onRequest);
  made.on('connection', () => (connections += 1));
  return new Promise((done, refused) => {
    made.once('error', refused);
    made.listen(port, options.address, () => {
      port = made.address().port;
      server = made;
      done();
    });
  });
}

function close() {
  const old = server;
  server = null;
  if (!old) return Promise.resolve();
  const closed = new Promise((done) => old.close(done));
  old.closeAllConnections();
  return closed;
}

// ---------------------------------------------------------------------------------------------------------------------
// Control, on a port of its own.

const controlUrl = () => `http://${options.address}:${control.address().port}`;
const dataUrl = () => `${tls ? 'https' : 'http'}://${options.address}:${port}${options.prefix}`;

const shopOf = (order) => state.workshops.find((one) => one.name === (order.workshop ?? 'Taller Uno')) ?? wrong(`workshop ${order.workshop}`);

class Wrong extends Error {}
const wrong = (what) => {
  throw new Wrong(`unknown: ${what}`);
};

const ORDERS = {
  workshop: () => {},
  fault: async (name) => {
    const fault = typeof name === 'string' ? { name } : name;
    if (fault.name !== 'down' && !(fault.name in FAULTS)) wrong(`fault ${fault.name}`);
    state.fault = fault.name === 'down' ? { name: 'none' } : fault;
    if (fault.name === 'down') await close();
    else if (!server) await open();
  },
  certificate: (name) => {
    if (!tls) wrong('certificate without --tls');
    const next = tls.read(name);
    certificate = name;
    server?.setSecureContext(next);
    server?.closeAllConnections();
  },
  // All back ends at once, or the last of two.
  rotate_secret: (which) => {
    if (which === 'all') state.secrets = state.secrets.map(newSecret);
    else if (which === 'one') state.secrets = [state.secrets[0], newSecret()];
    else if (which === 'done') state.secrets = [state.secrets.at(-1)];
    else wrong(`rotate_secret ${which}`);
  },
  token_lifetime_s: (value) => (state.lifetimeS = value),
  offset_s: (value) => (state.offsetS = value),
  latency_ms: (value) => (state.latencyMs = value),
  gzip: (value) => (state.gzip = value),
  mark: (value) => (state.mark = value),
  extra: (value) => (state.extra = value),
  password: ({ email, password }) => ((state.users.get(email) ?? wrong(email)).password = password),
  role: ({ email, role }) => ((state.users.get(email) ?? wrong(email)).role = role),
  move_user: ({ email, workshop }) => ((state.users.get(email) ?? wrong(email)).workshop = shopOf({ workshop })),
  delete_user: (email) => state.users.delete(email),
  machines: (statuses, order) => {
    for (const [code, status] of Object.entries(statuses)) {
      (shopOf(order).machines.find((one) => one.code === code) ?? wrong(code)).status = status;
    }
  },
  machine_names: (names, order) => {
    for (const [code, name] of Object.entries(names)) {
      (shopOf(order).machines.find((one) => one.code === code) ?? wrong(code)).name = name;
    }
  },
  performance: (value, order) => (shopOf(order).performance = value),
  stock: (stocks, order) => {
    for (const [name, stock] of Object.entries(stocks)) {
      (shopOf(order).materials.find((one) => one.name === name) ?? wrong(name)).stock = stock;
    }
  },
  complete_orders: (number, order) => {
    const { orders } = shopOf(order);
    for (let done = 0; done < number; done += 1) {
      let next = orders.findLast(isOpen);
      if (!next) {
        state.next += 1;
        next = { id: id(state.next), number: `ORD-2612-${state.next}`, customer: 'Cliente Dos', status: 'CUTTING', due: now() + 9 * DAY };
        orders.push(next);
      }
      next.completedAt = now();
      next.status = 'COMPLETED';
    }
  },
  reopen_orders: (number, order) => {
    for (const one of shopOf(order).orders.filter((one) => !isOpen(one)).slice(-number)) {
      Object.assign(one, { completedAt: null, status: 'CUTTING' });
    }
  },
};

async function controlled(request) {
  let body = '';
  for await (const piece of request) body += piece;
  const path = new URL(request.url, 'http://control.invalid').pathname;
  const what = `${request.method} ${path}`;
  if (what === 'PUT /_control') {
    const order = JSON.parse(body);
    for (const name of Object.keys(order)) if (!(name in ORDERS)) wrong(name);
    for (const [name, value] of Object.entries(order)) await ORDERS[name](value, order);
    return { ok: true };
  }
  if (what === 'POST /_control/reset') {
    reset();
    log.length = 0;
    connections = 0;
    certificate = 'valid';
    await close();
    await open();
    return { ok: true };
  }
  if (what === 'GET /_control') {
    return { url: dataUrl(), fault: state.fault, listening: server !== null, backends: state.secrets.length, certificate: tls && certificate };
  }
  if (what === 'GET /_control/log') return { now_ms: Date.now(), connections, requests: log };
  if (what === 'DELETE /_control/log') {
    log.length = 0;
    connections = 0;
    return { ok: true };
  }
  if (path === '/_elsewhere') {
    // Nobody follows a redirect; a request here says that somebody did.
    log.push({ at_ms: Date.now(), method: request.method, path: '/_elsewhere', status: 200, fault: 'followed', fields: Object.keys(request.headers) });
    return { followed: true };
  }
  return null;
}

const control = http.createServer((request, response) => {
  const reply = (status, value) => {
    const body = Buffer.from(JSON.stringify(value));
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    response.end(body);
  };
  controlled(request).then(
    (value) => reply(value === null ? 404 : 200, value),
    (error) => reply(400, { error: String(error.message) }),
  );
});

reset();
await open();
await new Promise((done) => control.listen(Number(options['control-port']), options.address, done));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
if (options['with-parent']) process.stdin.on('end', () => process.exit(0)).resume();
console.log(JSON.stringify({ url: dataUrl(), control: controlUrl(), ca: tls?.ca ?? null }));
