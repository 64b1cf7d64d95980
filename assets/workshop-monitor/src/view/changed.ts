import { useRef } from 'preact/hooks';

/**
 * A class that lights a value up when it has changed. Two names for the same look, in turns: an animation begins anew only
 * under another name. What comes where nothing was is no change.
 */
export function useChanged(value: string | number | null): string {
  const last = useRef(value);
  const changes = useRef(0);
  if (value !== last.current) {
    if (value !== null && last.current !== null) changes.current += 1;
    last.current = value;
  }
  return changes.current === 0 ? '' : ' changed-' + (changes.current % 2);
}
