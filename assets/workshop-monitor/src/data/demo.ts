import type { Messages } from '../i18n/messages';
import { dayStart, type Settings, shiftHours } from '../settings';
import { dayOf, hourOfDay } from './hours';
import { type Alert, type Counts, type Machine, type MachineState, type Parts } from './parts';

/**
 * A workshop that does not exist. Everything is a function of the moment, seeded by the day, so that every TV in the
 * room shows the same and a reload changes nothing.
 */
export function unit(seed: string): number {
  // FNV-1a, then one mixing round; Math.imul exists from Chromium 28.
  let hash = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4294967296;
}

/** Slow noise between -1 and 1 that has no jumps. */
function drift(seed: string, at: number, periodMs: number): number {
  const step = Math.floor(at / periodMs);
  const part = at / periodMs - step;
  const from = unit(seed + step);
  const to = unit(seed + (step + 1));
  return (from + (to - from) * part * part * (3 - 2 * part)) * 2 - 1;
}

function hourRate(day: string, hour: number, index: number, settings: Settings): number {
  const count = shiftHours(settings.shift).length;
  const mean = settings.targets.daily / count;
  const warmingUp = index === 0 ? 0.6 : 1;
  const pause = index === Math.floor(count / 2) ? 0.7 : 1;
  return mean * warmingUp * pause * (0.8 + 0.5 * unit(day + 'rate' + hour));
}

/** Orders completed in each hour up to the moment. */
export function demoCounts(now: number, settings: Settings): Counts {
  const from = dayStart(settings.shift);
  const day = dayOf(now, from);
  const date = new Date(now);
  const current = date.getHours();
  const past = (date.getMinutes() * 60 + date.getSeconds()) / 3600;
  const counts: Counts = { completed: 0, unplaced: 0, hours: [] };
  shiftHours(settings.shift).forEach((hour, index) => {
    if (hourOfDay(hour, from) > hourOfDay(current, from)) return;
    const whole = hourRate(day, hour, index, settings);
    const completed = Math.floor(hour === current ? whole * past : whole);
    counts.completed += completed;
    counts.hours.push({ hour, completed, gap: false });
  });
  // Outside the shift no hour is the running one.
  if (counts.hours.length > 0 && counts.hours[counts.hours.length - 1]?.hour !== current) {
    counts.hours.push({ hour: current, completed: 0, gap: false });
  }
  return counts;
}

const STATE_MS = 9 * 60_000;

function demoState(day: string, machine: number, now: number, working: boolean): MachineState {
  // Two machines have their fixed part in the play, so that the demo always shows every kind of state.
  const act = Math.floor(now / (40 * 60_000));
  if (machine === Math.floor(unit(day + 'broken' + act) * 8)) return 'BROKEN';
  if (machine === Math.floor(unit(day + 'service' + act) * 8)) return 'MAINTENANCE';
  if (!working) return 'AVAILABLE';
  const slot = Math.floor((now + machine * 70_000) / STATE_MS);
  return unit(day + machine + 'state' + slot) < 0.72 ? 'IN_USE' : 'AVAILABLE';
}

function pick(list: Array<[string, string]>, at: number): [string, string] {
  return list[Math.floor(at * list.length)] || ['', ''];
}

export function demoParts(now: number, settings: Settings, words: Messages): Parts {
  const day = dayOf(now);
  const working = shiftHours(settings.shift).indexOf(new Date(now).getHours()) >= 0;
  const machines: Machine[] = words.demoMachines.map((name, index) => ({
    id: 'demo-' + index,
    name,
    code: '',
    state: demoState(day, index, now, working),
  }));

  const alerts: Alert[] = [];
  const add = (severity: Alert['severity'], [subject, message]: [string, string]) =>
    alerts.push({ id: 'demo-' + severity + subject, severity, subject, message });
  machines.forEach((machine) => {
    if (machine.state === 'BROKEN') add('CRITICAL', [machine.name, words.demoAlerts.broken]);
  });
  const scene = Math.floor(now / (25 * 60_000));
  add('WARNING', pick(words.demoAlerts.stock, unit(day + 'stock' + scene)));
  if (unit(day + 'delay' + scene) < 0.6) add('WARNING', pick(words.demoAlerts.delay, unit(day + 'late' + scene)));
  machines.forEach((machine) => {
    if (machine.state === 'MAINTENANCE') add('INFO', [machine.name, words.demoAlerts.maintenance]);
  });
  add('INFO', pick(words.demoAlerts.deadline, unit(day + 'due' + scene)));

  const availability = 88 + 6 * drift(day + 'a', now, 22 * 60_000);
  const performance = 91 + 5 * drift(day + 'p', now, 13 * 60_000);
  const quality = 97.4 + 1.6 * drift(day + 'q', now, 31 * 60_000);
  const counts = demoCounts(now, settings);
  const of = (severity: Alert['severity']) => alerts.filter((alert) => alert.severity === severity).length;
  return {
    dashboard: { oee: (availability * performance * quality) / 10_000, availability, performance, quality },
    machines,
    alerts,
    alert_summary: { CRITICAL: of('CRITICAL'), WARNING: of('WARNING'), INFO: of('INFO') },
    order_stats: {
      inProgress: 6 + Math.floor(5 * unit(day + 'orders' + Math.floor(now / (17 * 60_000)))),
      completed: 240 + counts.completed,
    },
    quality_stats: { rejectPercent: 100 - quality },
    counts,
  };
}
