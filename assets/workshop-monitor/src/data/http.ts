import { parseJson } from '../../../screen-agent/src/json';

/**
 * GET as JSON over XMLHttpRequest: unlike fetch it exists on every TV, and has a deadline and an abort of its own.
 * Never rejects: what went wrong is an answer too.
 */
export type Outcome = { kind: 'ok'; body: unknown } | { kind: 'refused' } | { kind: 'unreachable' };

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
      request.ontimeout = unreachable;
      request.onload = () => {
        const parsed = request.status === 200 ? parseJson(request.responseText) : undefined;
        resolve(parsed === undefined ? { kind: 'refused' } : { kind: 'ok', body: parsed });
      };
      request.send();
    } catch {
      unreachable();
    }
  });
}
