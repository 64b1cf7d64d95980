import { guarded } from './guard';

const DEADLINE_MS = 15_000;

export interface Request {
  accept?: string;
  /** Sent as JSON. */
  body?: unknown;
  deadlineMs?: number;
}

/** Never throws, and calls back once, with status 0 where no answer came. */
export function request(method: string, path: string, { accept, body, deadlineMs }: Request, done: (xhr: XMLHttpRequest) => void): XMLHttpRequest {
  const xhr = new XMLHttpRequest();
  const end = guarded(() => done(xhr));
  try {
    xhr.open(method, path);
    xhr.timeout = deadlineMs || DEADLINE_MS;
    if (accept) xhr.setRequestHeader('Accept', accept);
    if (body) xhr.setRequestHeader('Content-Type', 'application/json');
    xhr.onloadend = end;
    xhr.send(body ? JSON.stringify(body) : null);
  } catch {
    xhr.onloadend = null;
    window.setTimeout(end, 0);
  }
  return xhr;
}
