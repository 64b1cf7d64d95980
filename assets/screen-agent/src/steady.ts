const SLEEP_MS = 30_000;
const MAX_SLEEP_MS = 7 * 86_400_000;

/**
 * A clock for ages, in milliseconds: never goes back, and does not follow the TV's clock when that is set. The monotonic
 * clock stands still while a TV sleeps; a step forward of the wall clock of up to a week counts as sleep, so that
 * data is rather shown too old than too young.
 */
export function createSteady(wall: () => number, monotonic: () => number): () => number {
  let total = 0;
  let lastWall = wall();
  let lastMonotonic = monotonic();
  return () => {
    const nowWall = wall();
    const nowMonotonic = monotonic();
    const run = Math.max(0, nowMonotonic - lastMonotonic);
    const slept = nowWall - lastWall;
    total += slept > run + SLEEP_MS && slept < MAX_SLEEP_MS ? slept : run;
    lastWall = nowWall;
    lastMonotonic = nowMonotonic;
    return total;
  };
}

export const steady = createSteady(
  () => Date.now(),
  () => performance.now(),
);
