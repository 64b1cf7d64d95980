import { fields } from '../../../screen-agent/src/json';

/**
 * The parts of the picture, as the box projects them: the ERP's own shapes, without anything personal. Read with
 * suspicion all the same: a part that does not look like itself is `undefined`.
 */
export interface Oee {
  oee: number | null;
  availability: number | null;
  performance: number | null;
  quality: number | null;
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
export const SEVERITIES: Severity[] = ['CRITICAL', 'WARNING', 'INFO'];
export interface Alert {
  id: string;
  severity: Severity;
  /** Which: an order, a machine, a material. */
  subject: string;
  /** What is wrong with it, or nothing. */
  message: string;
}
/** The box sends the 200 worst alerts; these are the counts of all. */
export type AlertCounts = Record<Severity, number>;
export interface Orders {
  inProgress: number | null;
  completed: number | null;
}
export interface Quality {
  rejectPercent: number | null;
}
/** Completed orders of the day of work, counted by the box. */
export interface Counts {
  completed: number;
  /** Of them, those whose hour is not known. */
  unplaced: number;
  /** The hours that have begun, in order; the last one is the running one. */
  hours: HourCount[];
}
export interface HourCount {
  hour: number;
  completed: number;
  /** Nobody saw a part of it. */
  gap: boolean;
}

export interface Parts {
  dashboard: Oee;
  machines: Machine[];
  alerts: Alert[];
  alert_summary: AlertCounts;
  order_stats: Orders;
  quality_stats: Quality;
  counts: Counts;
}
export type PartName = keyof Parts;

/** Far more than a wall can show; a runaway answer must not grow the page. */
const MAX_ENTRIES = 500;
const MAX_HOURS = 25;

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

function oee(body: unknown): Oee | undefined {
  const entry = fields(fields(body).oee);
  const parsed = {
    oee: percent(entry.oee),
    availability: percent(entry.availability),
    performance: percent(entry.performance),
    quality: percent(entry.quality),
  };
  return parsed.oee === null && parsed.availability === null ? undefined : parsed;
}

const STATES: MachineState[] = ['IN_USE', 'AVAILABLE', 'MAINTENANCE', 'BROKEN'];

function machines(body: unknown): Machine[] | undefined {
  if (!Array.isArray(body)) return undefined;
  const list: Machine[] = [];
  body.slice(0, MAX_ENTRIES).forEach((entry: unknown, index) => {
    const machine = fields(entry);
    const code = text(machine.code);
    const name = text(machine.name) || code;
    if (!name) return;
    const state = STATES.filter((known) => known === machine.status)[0];
    list.push({ id: text(machine.id) || 'machine-' + index, name, code, state: state || 'UNKNOWN' });
  });
  return body.length > 0 && list.length === 0 ? undefined : list;
}

function alerts(body: unknown): Alert[] | undefined {
  if (!Array.isArray(body)) return undefined;
  const list: Alert[] = [];
  body.slice(0, MAX_ENTRIES).forEach((entry: unknown, index) => {
    const alert = fields(entry);
    const title = text(alert.title);
    const message = text(alert.message);
    const subject = text(alert.subject) || title || message;
    if (!subject) return;
    const severity = SEVERITIES.filter((known) => known === alert.severity)[0] || 'INFO';
    const rest = message || title;
    list.push({ id: text(alert.id) || 'alert-' + index, severity, subject, message: rest === subject ? '' : rest });
  });
  if (body.length > 0 && list.length === 0) return undefined;
  // Grouped rather than sorted: old engines' sort does not keep the order among equals.
  return SEVERITIES.reduce<Alert[]>((ordered, severity) => ordered.concat(list.filter((alert) => alert.severity === severity)), []);
}

function alertCounts(body: unknown): AlertCounts | undefined {
  const root = fields(body);
  const [critical, warning, info] = [count(root.critical), count(root.warning), count(root.info)];
  return critical === null || warning === null || info === null
    ? undefined
    : { CRITICAL: critical, WARNING: warning, INFO: info };
}

function orders(body: unknown): Orders | undefined {
  const root = fields(body);
  const parsed = { inProgress: count(root.inProgress), completed: count(root.completed) };
  return parsed.inProgress === null && parsed.completed === null ? undefined : parsed;
}

function quality(body: unknown): Quality | undefined {
  const root = fields(body);
  const total = count(root.total);
  const failed = count(root.failed);
  if (total === null || failed === null) return undefined;
  return { rejectPercent: total > 0 ? Math.min(100, (failed / total) * 100) : null };
}

function counts(body: unknown): Counts | undefined {
  const root = fields(body);
  const completed = count(root.completed);
  if (completed === null || !Array.isArray(root.hours)) return undefined;
  const hours: HourCount[] = [];
  root.hours.slice(0, MAX_HOURS).forEach((value: unknown) => {
    const entry = fields(value);
    const hour = count(entry.hour);
    if (hour !== null && hour < 24) hours.push({ hour, completed: count(entry.completed) || 0, gap: entry.gap === true });
  });
  return { completed, unplaced: count(root.unplaced) || 0, hours };
}

export const READERS: { [P in PartName]: (body: unknown) => Parts[P] | undefined } = {
  dashboard: oee,
  machines,
  alerts,
  alert_summary: alertCounts,
  order_stats: orders,
  quality_stats: quality,
  counts,
};
export const PART_NAMES = Object.keys(READERS) as PartName[];
