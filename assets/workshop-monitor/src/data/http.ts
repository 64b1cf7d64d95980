/**
 * GET as JSON over XMLHttpRequest: unlike fetch it exists on every TV, and has a deadline and an abort of its own.
 * Never rejects: what went wrong is an answer too.
 */
export type Outcome =
  | { kind: 'ok'; body: unknown; ageMs: number }
  | { kind: 'refused'; status: number }
  | { kind: 'garbage' }
  | { kind: 'hung' }
  | { kind: 'unreachable' };

/** How old the data was when it arrived, by the box's own clock, which the TV's may not agree with. */
export function ageOnArrival(asOf: string | null, date: string | null, now: number): number {
  const from = asOf ? Date.parse(asOf) : NaN;
  if (isNaN(from)) return 0;
  const boxNow = date ? Date.parse(date) : NaN;
  return Math.max(0, (isNaN(boxNow) ? now : boxNow) - from);
}

export function parseBody(text: string): { body: unknown } | undefined {
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

export function getJson(path: string, deadlineMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const unreachable = () => resolve({ kind: 'unreachable' });
    try {
      request.open('GET', path);
      request.timeout = deadlineMs;
      request.setRequestHeader('Accept', 'application/json');
      request.onerror = unreachable;
      request.onabort = unreachable;
      request.ontimeout = () => resolve({ kind: 'hung' });
      request.onload = () => {
        if (request.status === 0) return unreachable();
        if (request.status < 200 || request.status >= 300) {
          return resolve({ kind: 'refused', status: request.status });
        }
        const parsed = parseBody(request.responseText);
        if (!parsed) return resolve({ kind: 'garbage' });
        resolve({
          kind: 'ok',
          body: parsed.body,
          ageMs: ageOnArrival(
            request.getResponseHeader('X-Edge-As-Of'),
            request.getResponseHeader('Date'),
            Date.now(),
          ),
        });
      };
      request.send();
    } catch {
      unreachable();
    }
  });
}
