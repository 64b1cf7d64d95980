import { useEffect, useState } from 'preact/hooks';
import { onTick } from '../data/clock';

/** Renders again only when what is derived from the time has changed, not every second. */
export function useTicking<T extends string | number>(derive: (now: number) => T): T {
  const [, again] = useState<T>(derive(Date.now()));
  useEffect(() => onTick((now) => again(derive(now))));
  return derive(Date.now());
}
