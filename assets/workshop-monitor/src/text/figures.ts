import type { Measure } from './names';

const FIGURE = 1.4;
const MIN_FIGURE = 1;
/** Bold letters are wider than those that are measured. */
const BOLD = 1.15;

/** How large the figures over the bars are, in rem, and which of them are shown, so that none touches its neighbour. */
export function barFigures(texts: string[], slotRem: number, width: Measure): { size: number; every: number } {
  const widest = Math.max(0.01, ...texts.map((text) => width(text))) * BOLD + 0.15;
  const size = Math.min(FIGURE, slotRem / widest);
  if (size >= MIN_FIGURE) return { size, every: 1 };
  return { size: MIN_FIGURE, every: Math.max(1, Math.ceil((MIN_FIGURE * widest) / slotRem)) };
}
