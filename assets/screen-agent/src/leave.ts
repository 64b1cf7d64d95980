import { after } from './guard';
import { request } from './request';

/** Leaves the page only for one that is there: nobody stands at a TV to press "try again". */
const MIN_RETRY_MS = 5000;
const MAX_RETRY_MS = 60_000;

let timer = 0;
let retry = 0;

export const isLeaving = () => timer > 0;

/** Only of this site: `//host` and `/\host` are of another, and tabs and line ends are passed over in a URL. */
export const isPath = (value: unknown): value is string => typeof value === 'string' && /^\/(?![/\\])\S*$/.test(value);

/** `path`: where to; without one the page is loaded anew. `onLeave` is called last. */
export function leave(delayMs: number, path?: string, onLeave?: () => void): void {
  const again = () => {
    timer = after(retry * (0.6 + 0.4 * Math.random()), probe);
    retry = Math.min(MAX_RETRY_MS, retry * 2);
  };
  const probe = () =>
    request('GET', '/health/ready', {}, ({ status }) => {
      if (status !== 200) return again();
      request('GET', path || location.pathname + location.search, { accept: 'text/html' }, (xhr) => {
        if (xhr.status !== 200 || !/html/.test(xhr.getResponseHeader('Content-Type') || '')) return again();
        if (onLeave) onLeave();
        // Another part of the same document is no other page.
        timer = 0;
        if (path) location.replace(path);
        else location.reload();
      });
    });
  // Whoever was called last knows best.
  window.clearTimeout(timer);
  retry = MIN_RETRY_MS;
  timer = after(delayMs, probe);
}
