import { fields } from '../../screen-agent/src/json';

/** What the box says about this display: `/_edge/display.json`. */
export interface Settings {
  title: string;
  line: string;
  language: 'es' | 'en';
  demo: boolean;
  /** Whether the box has an ERP to take data from; `null` where it does not say. */
  erp: boolean | null;
  targets: { daily: number; oeePercent: number; rejectPercent: number };
  shift: { startHour: number; endHour: number };
}

export const DEFAULTS: Settings = {
  title: 'Taller',
  line: 'Línea 1',
  language: 'es',
  demo: true,
  erp: null,
  targets: { daily: 120, oeePercent: 75, rejectPercent: 3 },
  shift: { startHour: 6, endHour: 22 },
};

function words(value: unknown, fallback: string): string {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 120) : fallback;
}

function within(value: unknown, low: number, high: number, fallback: number): number {
  return typeof value === 'number' && value >= low && value <= high ? value : fallback;
}

function hour(value: unknown, last: number, fallback: number): number {
  return Math.floor(within(value, 0, last, fallback));
}

/** Reads the box's answer; whatever is missing or senseless falls back, field by field. */
export function parseSettings(value: unknown, fallback: Settings = DEFAULTS): Settings {
  const root = fields(value);
  const targets = fields(root.targets);
  const shift = fields(root.shift);
  return {
    title: words(root.title, fallback.title),
    line: words(root.line, fallback.line),
    language: root.language === 'es' || root.language === 'en' ? root.language : fallback.language,
    demo: typeof root.demo === 'boolean' ? root.demo : fallback.demo,
    erp: typeof root.erp === 'boolean' ? root.erp : fallback.erp,
    targets: {
      daily: within(targets.daily, 0, 1e6, fallback.targets.daily),
      oeePercent: within(targets.oee_percent, 0, 100, fallback.targets.oeePercent),
      rejectPercent: within(targets.reject_percent, 0, 100, fallback.targets.rejectPercent),
    },
    shift: {
      startHour: hour(shift.start_hour, 23, fallback.shift.startHour),
      endHour: hour(shift.end_hour, 24, fallback.shift.endHour),
    },
  };
}

/** Whether the answer is a settings document at all, and not an error page or someone else's JSON. */
export function looksLikeSettings(value: unknown): boolean {
  const root = fields(value);
  return typeof root.demo === 'boolean' || typeof root.title === 'string' || typeof root.line === 'string';
}

export function sameSettings(a: Settings, b: Settings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The hour at which a day of work begins: midnight, or the start of a shift that passes midnight. */
export function dayStart(shift: Settings['shift']): number {
  return shift.endHour <= shift.startHour ? shift.startHour : 0;
}

/** The hours of the shift in order; a shift may pass midnight, and equal hours mean around the clock. */
export function shiftHours(shift: Settings['shift']): number[] {
  const span = (shift.endHour - shift.startHour + 24) % 24 || 24;
  const hours: number[] = [];
  for (let i = 0; i < span; i++) hours.push((shift.startHour + i) % 24);
  return hours;
}
