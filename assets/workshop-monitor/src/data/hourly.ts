import { fields } from '../settings';

/**
 * Pieces per hour, from the growth of the day's total between two looks at it. The ERP has no such series, so the
 * display only knows the hours it watched: what was made before the first look, or while nobody looked across the
 * turn of an hour, is counted as unplaced rather than guessed into a bar.
 */
export interface Hourly {
  /** The day of work, by the local calendar day on which it begins: `2026-11-24`. */
  day: string;
  /** The hour at which it begins. */
  from: number;
  /** Pieces per local hour of the day, always 24 long. */
  made: number[];
  /** Whether the hour was watched without a gap, as far as it has gone. */
  seen: boolean[];
  unplaced: number;
  last: { at: number; total: number; dayStart: string } | null;
}

/** The day of work that a moment belongs to. */
export function dayOf(at: number, from = 0): string {
  const date = new Date(beginOf(at, from));
  const two = (n: number) => (n < 10 ? '0' : '') + n;
  return date.getFullYear() + '-' + two(date.getMonth() + 1) + '-' + two(date.getDate());
}

function of24<T>(value: T): T[] {
  const list: T[] = [];
  for (let i = 0; i < 24; i++) list.push(value);
  return list;
}

function beginOf(at: number, from: number): number {
  const date = new Date(at);
  if (date.getHours() < from) date.setDate(date.getDate() - 1);
  return date.setHours(from, 0, 0, 0);
}

/** The place of an hour in a day of work. */
export function hourOfDay(hour: number, from: number): number {
  return (hour - from + 24) % 24;
}

export function emptyHourly(day: string, from = 0): Hourly {
  return { day, from, made: of24(0), seen: of24(false), unplaced: 0, last: null };
}

const CLOCK_STEP_MS = 60_000;

export interface Sample {
  at: number;
  total: number;
  dayStart: string;
}

export function addSample(before: Hourly, sample: Sample, longestGapMs: number, from = 0): Hourly {
  const day = dayOf(sample.at, from);
  const sameDay = before.day === day && before.from === from;
  const previous = before.last;
  if (previous && sample.at <= previous.at) {
    if (previous.at - sample.at < CLOCK_STEP_MS) return before;
    // The TV's clock was put back; waiting for it to catch up could take years.
    const kept = sameDay ? before : emptyHourly(day, from);
    return Object.assign({}, kept, { last: { at: sample.at, total: sample.total, dayStart: sample.dayStart } });
  }

  const hour = new Date(sample.at).getHours();
  const newDay = !sameDay;
  const next: Hourly = newDay
    ? emptyHourly(day, from)
    : { day, from, made: before.made.slice(), seen: before.seen.slice(), unplaced: before.unplaced, last: null };
  next.last = { at: sample.at, total: sample.total, dayStart: sample.dayStart };

  const watched = previous !== null && sample.at - previous.at <= longestGapMs;
  const sameHour = previous !== null && !newDay && new Date(previous.at).getHours() === hour;

  if (!previous) {
    // Where the day of work is not the calendar's, what the ERP counted before the first look may be the day's before.
    if (from === 0 || Date.parse(sample.dayStart) >= beginOf(sample.at, from)) next.unplaced += sample.total;
    return next;
  }
  const restarted = sample.dayStart !== previous.dayStart || sample.total < previous.total / 2;
  let grown = restarted ? sample.total : sample.total - previous.total;
  if (grown < 0) {
    // An order was reopened. The high-water mark stays, or closing it again would count it twice.
    next.last.total = previous.total;
    grown = 0;
  }
  // A total that still belongs to yesterday when the local day turns must not be counted into today.
  if (newDay && !restarted && !watched) grown = 0;

  if (watched || sameHour) next.made[hour] = (next.made[hour] || 0) + grown;
  else next.unplaced += grown;
  if (watched && !sameHour) next.seen[hour] = true;
  if (!watched) next.seen[hour] = false;
  return next;
}

export interface HourBar {
  hour: number;
  /** `null` where nobody watched, or the hour has not come. */
  made: number | null;
  /** The hour has come, but nobody watched it. */
  unseen: boolean;
  current: boolean;
}

/** Everything that was made in the day of work, as far as this display has watched it. */
export function madeInDay(hourly: Hourly): number {
  return hourly.made.reduce((sum, made) => sum + made, hourly.unplaced);
}

export function hourBars(hourly: Hourly, hours: number[], now: number): { bars: HourBar[]; partial: boolean } {
  const today = hourly.day === dayOf(now, hourly.from);
  const current = new Date(now).getHours();
  const passed = hourOfDay(current, hourly.from);
  let partial = false;
  const bars = hours.map((hour) => {
    const ahead = hourOfDay(hour, hourly.from) > passed;
    const known = today && !ahead;
    const made = hourly.made[hour] || 0;
    const seen = hourly.seen[hour] === true;
    if (known && !seen) partial = true;
    const counted = known && (seen || made > 0);
    return { hour, made: counted ? made : null, unseen: known && !counted, current: hour === current };
  });
  return { bars, partial: partial || (today && hourly.unplaced > 0) };
}

/** Reads back what was kept over a reload; anything odd in it means starting afresh. */
export function parseHourly(value: unknown, now: number, from = 0): Hourly {
  const fresh = emptyHourly(dayOf(now, from), from);
  const kept = fields(value);
  const { made, seen } = kept;
  if (kept.day !== fresh.day || (kept.from || 0) !== from || !Array.isArray(made) || !Array.isArray(seen)) return fresh;
  const last = fields(kept.last);
  if (typeof last.at !== 'number' || typeof last.total !== 'number' || last.at > now) return fresh;
  const count = (n: unknown) => (typeof n === 'number' && isFinite(n) && n >= 0 ? n : 0);
  return {
    day: fresh.day,
    from,
    made: fresh.made.map((_, hour) => count(made[hour])),
    seen: fresh.seen.map((_, hour) => seen[hour] === true),
    unplaced: count(kept.unplaced),
    last: { at: last.at, total: last.total, dayStart: typeof last.dayStart === 'string' ? last.dayStart : '' },
  };
}
