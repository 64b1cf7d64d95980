/** What happened since the last report that arrived. */
export interface Counts {
  /** Frames that were drawn, of those that were asked for. */
  frames: number;
  /** Seconds in which timers ran. */
  ticks: number;
  script: number;
  rejection: number;
  resource: number;
  policy: number;
}
export type Count = keyof Counts;

export const counts: Counts = { frames: 0, ticks: 0, script: 0, rejection: 0, resource: 0, policy: 0 };

const names = () => Object.keys(counts) as Count[];

export function snapshot(): Counts {
  const copy = {} as Counts;
  names().forEach((name) => (copy[name] = counts[name]));
  return copy;
}

/** What was reported; what came while the report was under way is left for the next one. */
export function subtract(reported: Counts): void {
  names().forEach((name) => (counts[name] -= reported[name]));
}
