import type { Measure } from './names';

/** The size of the figures over the bars and of the hours below them in rem, as the style sheet has it. */
const FIGURE = 1.4;
/** Bold letters are wider than those that are measured. */
const BOLD = 1.15;

/** Every how many of the figures are shown, so that none touches its neighbour. */
export function barFigures(texts: string[], slotRem: number, width: Measure): number {
  const widest = Math.max(0.01, ...texts.map((text) => width(text))) * BOLD + 0.15;
  return Math.max(1, Math.ceil((FIGURE * widest) / slotRem));
}
