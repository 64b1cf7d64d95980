import type { Counts } from './parts';

/** A bar of the chart. */
export interface HourBar {
  hour: number;
  /** `null`: nothing is known of it, or it has not come. */
  made: number | null;
  /** The hour has come, but was not seen, or not all of it. */
  gap: boolean;
  current: boolean;
}

/** The hours of the shift, and whether orders of the day are missing from them. */
export function hourBars(counts: Counts | undefined, hours: number[]): { bars: HourBar[]; isPartial: boolean } {
  const begun = counts ? counts.hours : [];
  const last = begun[begun.length - 1];
  const bars = hours.map((hour) => {
    // The hour that the clocks are put back over comes twice.
    const same = begun.filter((entry) => entry.hour === hour);
    const made = same.reduce((sum, entry) => sum + entry.completed, 0);
    const gap = same.some((entry) => entry.gap);
    const isKnown = same.length > 0 && (made > 0 || !gap);
    return { hour, made: isKnown ? made : null, gap, current: last !== undefined && last.hour === hour };
  });
  return { bars, isPartial: bars.some((bar) => bar.gap) || (counts !== undefined && counts.unplaced > 0) };
}

/** The day of work that a moment belongs to, by the local date on which it begins: `2026-11-24`. */
export function dayOf(at: number, from = 0): string {
  const date = new Date(at);
  if (date.getHours() < from) date.setDate(date.getDate() - 1);
  const two = (n: number) => (n < 10 ? '0' : '') + n;
  return date.getFullYear() + '-' + two(date.getMonth() + 1) + '-' + two(date.getDate());
}

/** The place of an hour in a day of work. */
export function hourOfDay(hour: number, from: number): number {
  return (hour - from + 24) % 24;
}
