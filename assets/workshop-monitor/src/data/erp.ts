import { fields } from '../settings';

/**
 * The ERP's answers, read with suspicion: percentages are strings, some numbers may be either, and an error page may
 * come where JSON was asked for. A part that does not look like itself is `undefined`, and the last good one stays.
 */
export interface Oee {
  oee: number | null;
  availability: number | null;
  performance: number | null;
  quality: number | null;
}
export interface Produced {
  completed: number;
  inProgress: number | null;
  dayStart: string;
}
export type MachineState = 'IN_USE' | 'AVAILABLE' | 'MAINTENANCE' | 'BROKEN' | 'UNKNOWN';
export interface Machine {
  id: string;
  name: string;
  /** The workshop's own short name for it, or nothing. */
  code: string;
  state: MachineState;
}
export type Severity = 'CRITICAL' | 'WARNING' | 'INFO';
export interface Alert {
  id: string;
  severity: Severity;
  title: string;
  /** What is said beyond the title, or nothing. */
  message: string;
}
export interface Orders {
  inProgress: number | null;
  completed: number | null;
}
export interface Quality {
  rejectPercent: number | null;
}

export interface Parts {
  oee: Oee;
  produced: Produced;
  machines: Machine[];
  alerts: Alert[];
  orders: Orders;
  quality: Quality;
}
export type PartName = keyof Parts;
export const PART_NAMES: PartName[] = ['oee', 'produced', 'machines', 'alerts', 'orders', 'quality'];

export const PATHS: Record<PartName, string> = {
  oee: '/api/analytics/dashboard',
  produced: '/api/analytics/throughput?period=daily',
  machines: '/api/machines',
  alerts: '/api/alerts',
  orders: '/api/production/orders/stats',
  quality: '/api/quality/stats',
};

/** Far more than a wall can show; a runaway answer must not grow the page. */
const MAX_ENTRIES = 200;

export function number(value: unknown): number | null {
  if (typeof value === 'number') return isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const read = Number(value);
  return isFinite(read) ? read : null;
}

function percent(value: unknown): number | null {
  const read = number(value);
  return read !== null && read >= 0 && read <= 1000 ? read : null;
}

function count(value: unknown): number | null {
  const read = number(value);
  return read !== null && read >= 0 ? Math.round(read) : null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim().slice(0, 200) : '';
}

export function parseOee(body: unknown): Oee | undefined {
  const oee = fields(fields(body).oee);
  const parsed = {
    oee: percent(oee.oee),
    availability: percent(oee.availability),
    performance: percent(oee.performance),
    quality: percent(oee.quality),
  };
  return parsed.oee === null && parsed.availability === null ? undefined : parsed;
}

export function parseProduced(body: unknown): Produced | undefined {
  const root = fields(body);
  const completed = count(root.completed);
  return completed === null
    ? undefined
    : { completed, inProgress: count(root.inProgress), dayStart: text(root.startDate) };
}

const STATES: MachineState[] = ['IN_USE', 'AVAILABLE', 'MAINTENANCE', 'BROKEN'];

export function parseMachines(body: unknown): Machine[] | undefined {
  if (!Array.isArray(body)) return undefined;
  const machines: Machine[] = [];
  body.slice(0, MAX_ENTRIES).forEach((entry: unknown, index) => {
    const machine = fields(entry);
    const code = text(machine.code);
    const name = text(machine.name) || code;
    if (!name) return;
    const state = STATES.filter((known) => known === machine.status)[0];
    machines.push({ id: text(machine.id) || 'machine-' + index, name, code, state: state || 'UNKNOWN' });
  });
  return body.length > 0 && machines.length === 0 ? undefined : machines;
}

const SEVERITIES: Severity[] = ['CRITICAL', 'WARNING', 'INFO'];

/** Often the message is the title again, or begins with it. */
function beyond(title: string, message: string): string {
  const rest = message.slice(0, title.length).toLowerCase() === title.toLowerCase() ? message.slice(title.length) : message;
  return rest.replace(/^[\s.:,;!–—-]+/, '');
}

export function parseAlerts(body: unknown): Alert[] | undefined {
  if (!Array.isArray(body)) return undefined;
  const alerts: Alert[] = [];
  body.slice(0, MAX_ENTRIES).forEach((entry: unknown, index) => {
    const alert = fields(entry);
    const title = text(alert.title) || text(alert.message);
    if (!title) return;
    const severity = SEVERITIES.filter((known) => known === alert.severity)[0] || 'INFO';
    alerts.push({ id: text(alert.id) || 'alert-' + index, severity, title, message: beyond(title, text(alert.message)) });
  });
  if (body.length > 0 && alerts.length === 0) return undefined;
  // Grouped rather than sorted: old engines' sort does not keep the ERP's order among equals.
  return SEVERITIES.reduce<Alert[]>(
    (ordered, severity) => ordered.concat(alerts.filter((alert) => alert.severity === severity)),
    [],
  );
}

export function parseOrders(body: unknown): Orders | undefined {
  const root = fields(body);
  const parsed = { inProgress: count(root.inProgress), completed: count(root.completed) };
  return parsed.inProgress === null && parsed.completed === null ? undefined : parsed;
}

export function parseQuality(body: unknown): Quality | undefined {
  const root = fields(body);
  const total = count(root.total);
  const failed = count(root.failed);
  if (total === null || failed === null) return undefined;
  return { rejectPercent: total > 0 ? Math.min(100, (failed / total) * 100) : null };
}

export const PARSERS: { [P in PartName]: (body: unknown) => Parts[P] | undefined } = {
  oee: parseOee,
  produced: parseProduced,
  machines: parseMachines,
  alerts: parseAlerts,
  orders: parseOrders,
  quality: parseQuality,
};
