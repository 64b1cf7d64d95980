/** The page's one timer that runs every second; whatever changes with time hangs on it. */
type Listener = (now: number) => void;
const listeners: Listener[] = [];
let timer = 0;

function tick(): void {
  const now = Date.now();
  listeners.slice().forEach((listener) => listener(now));
  // Aimed at the next full second, so that the minute changes when it changes.
  timer = window.setTimeout(tick, 1000 - (now % 1000));
}

export function onTick(listener: Listener): () => void {
  listeners.push(listener);
  if (!timer) timer = window.setTimeout(tick, 1000 - (Date.now() % 1000));
  return () => {
    const at = listeners.indexOf(listener);
    if (at >= 0) listeners.splice(at, 1);
    if (listeners.length === 0) {
      window.clearTimeout(timer);
      timer = 0;
    }
  };
}
