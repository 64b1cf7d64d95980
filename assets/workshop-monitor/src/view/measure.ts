import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Measure } from '../text/names';

/** Where the page is read by scrolling, on a telephone, instead of being one picture. The style sheet has the same. */
const SCROLLS = '(max-width: 700px), (max-height: 480px)';

export const scrolls = (): boolean => window.matchMedia(SCROLLS).matches;

export function rem(): number {
  return parseFloat(window.getComputedStyle(document.documentElement).fontSize) || 20;
}

/** The fonts that the page really has: a TV without Roboto has other widths. */
export function family(): string {
  return window.getComputedStyle(document.body).fontFamily;
}

/**
 * Something that only the laid-out page knows, read after each drawing, before it is seen, and when the picture's size
 * changes. `null` before the first drawing.
 */
export function useMeasured(read: () => number): number | null {
  const [value, set] = useState<number | null>(null);
  const latest = useRef(read);
  latest.current = read;
  const look = useRef(() => {
    // What is no longer in the page has no size: NaN, which is never the same as before, would have it drawn for ever.
    const now = latest.current() || 0;
    set((before) => (before !== null && Math.abs(before - now) < 0.05 ? before : now));
  });
  useLayoutEffect(() => look.current());
  useEffect(() => {
    const again = look.current;
    window.addEventListener('resize', again);
    return () => window.removeEventListener('resize', again);
  }, []);
  return value;
}

const MAX_KEPT = 2000;
let widths: Record<string, number> = {};
let kept = 0;
let font = '';
let context: CanvasRenderingContext2D | null = null;

/** Widths of texts in the page's font, in em. */
export const measure: Measure = (text) => {
  const now = '100px ' + family();
  if (font !== now || kept > MAX_KEPT) {
    font = now;
    widths = {};
    kept = 0;
    context = document.createElement('canvas').getContext('2d');
  }
  const known = widths[text];
  if (known !== undefined) return known;
  // About the mean of a letter, where there is no canvas.
  let width = text.length * 0.55;
  if (context) {
    context.font = font;
    width = context.measureText(text).width / 100;
  }
  widths[text] = width;
  kept += 1;
  return width;
};
