/** Who this screen is. localStorage may refuse, and is cleared by some TVs at power-off: the box then finds the screen again. */
const KEY = 'workshop-edge';
const FORM = /^(\w{16})\.(\w{32})$/;

export interface Identity {
  id: string | null;
  secret: string | null;
}

export function readIdentity(text: string | null): Identity {
  const parts = FORM.exec(text || '') || [];
  return { id: parts[1] || null, secret: parts[2] || null };
}

function recall(): string | null {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export let identity = readIdentity(recall());

export function keepIdentity(id: unknown, secret: unknown): void {
  identity = readIdentity(id + '.' + secret);
  try {
    window.localStorage.setItem(KEY, id + '.' + secret);
  } catch {
    // The cookie is left.
  }
}
