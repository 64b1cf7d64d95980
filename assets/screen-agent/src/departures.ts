import { fields, parseJson } from './json';
import { steady } from './steady';

/**
 * When a page may leave for the same place again, such that it can never do so over and over: for another version of the site,
 * which a cache may keep from it, or which two boxes may disagree about; or for a view that leads back.
 */
const KEY = 'workshop-edge';
const FIRST_MS = 5 * 60_000;
const MAX_MS = 6 * 3_600_000;
/** So many places one after another are believed: an update and its way back, and the view. */
const BELIEVED = 4;
/** Where nothing can be remembered: of a page that was loaded anew, or came from another page of the site. */
const UNREMEMBERED_MS = 30 * 60_000;
/** A page that nothing has called away for so long has arrived. */
const ARRIVED_MS = 10 * 60_000;

/** `last`: the last departure, as it was remembered. Each time in a row the page waits twice as long; a clock that was set ends it. */
export function mayLeave(to: string, last: string | null, now: number): boolean {
  const { at, times, to: before } = fields(parseJson(last || ''));
  const row = Number(times || 0) - (before === to ? 0 : BELIEVED);
  return !(row > 0 && Math.abs(now - Number(at)) < Math.min(MAX_MS, FIRST_MS * Math.pow(2, row - 1)));
}

/** `last` with one more. */
export function withDeparture(to: string, last: string | null, now: number): string {
  return JSON.stringify({ at: now, times: Number(fields(parseJson(last || '')).times || 0) + 1, to });
}

const loadedAt = steady();

export function mayLeaveFor(to: string): boolean {
  try {
    const text = window.sessionStorage.getItem(KEY);
    // What can be read but not written is no memory.
    window.sessionStorage.setItem(KEY, text || '');
    return mayLeave(to, text, Date.now());
  } catch {
    const isFirst = performance.navigation.type === 0 && !document.referrer;
    return isFirst || steady() - loadedAt > UNREMEMBERED_MS;
  }
}

export function rememberDeparture(to: string): void {
  try {
    window.sessionStorage.setItem(KEY, withDeparture(to, window.sessionStorage.getItem(KEY), Date.now()));
  } catch {
    // The next page finds that nothing can be remembered.
  }
}

export function arrive(): void {
  if (steady() - loadedAt > ARRIVED_MS) window.sessionStorage.removeItem(KEY);
}
