/**
 * localStorage, when the TV has it: it may be missing, full, refused, or gone after a power cut. Nothing depends on it;
 * it only makes a reload start from the last picture.
 */
const PREFIX = 'workshop-monitor/2/';

/** The first version kept the ERP's answers as they came, with names of customers in them. */
const OLD = ['settings', 'picture', 'hourly'];

export function forgetOld(): void {
  try {
    OLD.forEach((key) => window.localStorage.removeItem('workshop-monitor/1/' + key));
  } catch {
    // No storage, nothing kept.
  }
}

export function recall(key: string): unknown {
  try {
    const text = window.localStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: unknown): void {
  write(key, JSON.stringify(value));
}

function write(key: string, text: string): void {
  try {
    window.localStorage.setItem(PREFIX + key, text);
  } catch {
    // Full or refused: the display goes on without.
  }
}

/** Keeps a value with at most one write a minute: a TV's storage is flash, and this page runs for years. */
export function sparingly(key: string, read: () => unknown): { keep(): void; stop(): void } {
  let last = '';
  let lastAt = -Infinity;
  const keep = () => {
    const text = JSON.stringify(read());
    if (text === last) return;
    last = text;
    lastAt = Date.now();
    write(key, text);
  };
  window.addEventListener('pagehide', keep);
  return {
    keep() {
      if (Math.abs(Date.now() - lastAt) >= 60_000) keep();
    },
    stop: () => window.removeEventListener('pagehide', keep),
  };
}
