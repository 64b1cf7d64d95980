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
  try {
    window.localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Full or refused: the display goes on without.
  }
}

/** Keeps a value with at most one write a minute: a TV's storage is flash, and this page runs for years. */
export function sparingly(key: string, read: () => unknown): { keep(): void; stop(): void } {
  let last = '';
  let lastAt = -Infinity;
  const write = () => {
    const value = read();
    const text = JSON.stringify(value);
    if (text === last) return;
    last = text;
    lastAt = Date.now();
    remember(key, value);
  };
  window.addEventListener('pagehide', write);
  return {
    keep() {
      if (Math.abs(Date.now() - lastAt) >= 60_000) write();
    },
    stop: () => window.removeEventListener('pagehide', write),
  };
}
