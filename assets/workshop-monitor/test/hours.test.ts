import { describe, expect, it } from 'vitest';
import { dayOf, hourBars } from '../src/data/hours';
import type { Counts } from '../src/data/parts';

const at = (hour: number, minute = 0, day = 24) => new Date(2026, 10, day, hour, minute).getTime();
const counts = (hours: Array<[number, number, boolean?]>, unplaced = 0): Counts => ({
  completed: hours.reduce((sum, [, completed]) => sum + completed, unplaced),
  unplaced,
  hours: hours.map(([hour, completed, gap]) => ({ hour, completed, gap: gap === true })),
});
const SHIFT = [6, 7, 8, 9];

describe('the bars', () => {
  it('are there for the hours that have begun, the running one marked', () => {
    const { bars, isPartial } = hourBars(counts([[5, 9], [6, 60], [7, 0], [8, 29]]), SHIFT);
    expect(bars.map(({ made }) => made)).toEqual([60, 0, 29, null]);
    expect(bars.map(({ current }) => current)).toEqual([false, false, true, false]);
    expect(isPartial).toBe(false);
  });

  it('show a gap as a gap, and what was seen beside it', () => {
    const { bars, isPartial } = hourBars(counts([[6, 4], [7, 0, true], [8, 3, true]]), SHIFT);
    expect(bars.map(({ made, gap }) => [made, gap])).toEqual([[4, false], [null, true], [3, true], [null, false]]);
    expect(isPartial).toBe(true);
  });

  it('are partial while orders have no hour', () => {
    expect(hourBars(counts([[6, 4]], 7), SHIFT).isPartial).toBe(true);
    expect(hourBars(counts([[6, 4]]), SHIFT).isPartial).toBe(false);
  });

  it('know nothing without counts', () => {
    const { bars, isPartial } = hourBars(undefined, SHIFT);
    expect(bars.every(({ made, gap, current }) => made === null && !gap && !current)).toBe(true);
    expect(isPartial).toBe(false);
  });

  it('hold both hours of the night in which the clocks are put back', () =>
    expect(hourBars(counts([[1, 2], [2, 3], [2, 4], [3, 1]]), [1, 2, 3]).bars.map(({ made }) => made)).toEqual([2, 7, 1]));

  it('of a night shift pass midnight', () => {
    const { bars } = hourBars(counts([[22, 5], [23, 6], [0, 7]]), [22, 23, 0, 1]);
    expect(bars.map(({ made, current }) => [made, current])).toEqual([[5, false], [6, false], [7, true], [null, false]]);
  });
});

it('the day of work begins with the shift that passes midnight', () => {
  expect(dayOf(at(2))).toBe('2026-11-24');
  expect(dayOf(at(2), 22)).toBe('2026-11-23');
  expect(dayOf(at(22), 22)).toBe('2026-11-24');
});
