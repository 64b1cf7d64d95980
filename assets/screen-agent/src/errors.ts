import { counts, type Counts } from './counts';
import { guarded } from './guard';

const MAX_SAMPLE = 200;
const OWN = location.protocol + '//' + location.host + '/_edge/';

let sample = '';

export const lastSample = () => sample;

/** Half of a pair of surrogates is no text to whoever reads the report. */
export function clean(text: string): string {
  return text.replace(/[\s\ud800-\udfff]+/g, ' ').slice(0, MAX_SAMPLE);
}

const withoutQuery = (url: unknown) => String(url || '').replace(/[?#].*/, '');

function add(kind: keyof Counts, text: string): void {
  counts[kind] += 1;
  sample = clean(text);
}

/** Called where the page's policy keeps the agent from the box. */
let onRefused: () => void = () => undefined;
export const whenRefused = (act: () => void) => {
  onRefused = act;
};


const onError = guarded((event: ErrorEvent & { target: EventTarget | null }) => {
  const element = event.target as (Element & { src?: unknown; href?: unknown }) | null;
  if (!element || !element.tagName) {
    const place = event.filename ? ' (' + withoutQuery(event.filename) + ':' + event.lineno + ')' : '';
    return add('script', String(event.message).replace(/^Uncaught /, '') + place);
  }
  const url = withoutQuery(element.src || element.href);
  if (url.indexOf(OWN) !== 0) add('resource', element.tagName + ' ' + url);
});

const onRejection = guarded((event: { reason?: unknown }) => add('rejection', String(event.reason)));

const onViolation = guarded((event: SecurityPolicyViolationEvent) => {
  const url = withoutQuery(event.blockedURI);
  if (url.indexOf(OWN) !== 0) {
    if (event.disposition !== 'report') add('policy', event.violatedDirective + ' ' + url);
  } else if (/^connect-src/.test(event.effectiveDirective)) onRefused();
});

/** Again and again: `document.open()` takes all listeners away, and adding one twice adds it once. */
export function listenForErrors(): void {
  window.addEventListener('error', onError as (event: Event) => void, true);
  window.addEventListener('unhandledrejection', onRejection as (event: Event) => void);
  document.addEventListener('securitypolicyviolation', onViolation as (event: Event) => void);
}
