import { fields } from '../settings';

/**
 * Pieces per hour, from the growth of the day's total between two looks at it. The ERP has no such series, so the
 * display only knows the hours it watched: what was made before the first look, or while nobody looked across the
 * turn of an hour, is counted as unplaced rather than guessed into a bar.
 */
export interface Hourly {
  /** Local calendar day, `2026-11-24`. */
  day: string;
  /** Pieces per local hour of the day, always 24 long. */
  made: number[];
  /** Whether the hour was watched without a gap, as far as it has gone. */
  seen: boolean[];
  unplaced: number;
  last: { at: number; total: number; dayStart: string } | null;
}

export function dayOf(at: number): string {
  const date = new Date(at);
  const two = (n: number) => (n < 10 ? '0' : '') + n;
  return date.getFullYear() + '-' + two(date.getMonth() + 1) + '-' + two(date.getDate());
}

function of24<T>(value: T): T[] {
  const list: T[] = [];
  for (let i = 0; i < 24; i++) list.push(value);
  return list;
}

export function emptyHourly(day: string): Hourly {
  return { day, made: of24(0), seen: of24(false), unplaced: 0, last: null };
}

const CLOCK_STEP_MS = 60_000;

export interface Sample {
  at: number;
  total: number;
  dayStart: string;
}

export function addSample(before: Hourly, sample: Sample, longestGapMs: number): Hourly {
  const day = dayOf(sample.at);
  const previous = before.last;
  if (previous && sample.at <= previous.at) {
    if (previous.at - sample.at < CLOCK_STEP_MS) return before;
    // The TV's clock was put back; waiting for it to catch up could take years.
    const kept = before.day === day ? before : emptyHourly(day);
    return Object.assign({}, kept, { last: { at: sample.at, total: sample.total, dayStart: sample.dayStart } });
  }

  const hour = new Date(sample.at).getHours();
  const newDay = before.day !== day;
  const next: Hourly = newDay
    ? emptyHourly(day)
    : { day, made: before.made.slice(), seen: before.seen.slice(), unplaced: before.unplaced, last: null };
  next.last = { at: sample.at, total: sample.total, dayStart: sample.dayStart };

  const watched = previous !== null && sample.at - previous.at <= longestGapMs;
  const sameHour = previous !== null && !newDay && new Date(previous.at).getHours() === hour;

  if (!previous) {
    next.unplaced += sample.total;
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

export function hourBars(hourly: Hourly, hours: number[], now: number): { bars: HourBar[]; partial: boolean } {
  const today = hourly.day === dayOf(now);
  const current = new Date(now).getHours();
  const start = hours[0] || 0;
  let partial = false;
  const bars = hours.map((hour) => {
    // In a shift that passes midnight, the small hours belong to its end, which has not come before midnight.
    const ahead = hour > current || (hour < start && current >= start);
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
export function parseHourly(value: unknown, now: number): Hourly {
  const fresh = emptyHourly(dayOf(now));
  const kept = fields(value);
  const { made, seen } = kept;
  if (kept.day !== fresh.day || !Array.isArray(made) || !Array.isArray(seen)) return fresh;
  const last = fields(kept.last);
  if (typeof last.at !== 'number' || typeof last.total !== 'number' || last.at > now) return fresh;
  const count = (n: unknown) => (typeof n === 'number' && isFinite(n) && n >= 0 ? n : 0);
  return {
    day: fresh.day,
    made: fresh.made.map((_, hour) => count(made[hour])),
    seen: fresh.seen.map((_, hour) => seen[hour] === true),
    unplaced: count(kept.unplaced),
    last: { at: last.at, total: last.total, dayStart: typeof last.dayStart === 'string' ? last.dayStart : '' },
  };
}
