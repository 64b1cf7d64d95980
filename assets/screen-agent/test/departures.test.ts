import { expect, it } from 'vitest';
import { mayLeave, withDeparture } from '../src/departures';

const MINUTE = 60_000;

/** When, in minutes, a page leaves that wants to without end; `to` names the place for each time. */
function departures(to: (time: number) => string, minutes: number): number[] {
  const at: number[] = [];
  let last: string | null = null;
  for (let now = 0; now < minutes * MINUTE; now += MINUTE / 6) {
    if (!mayLeave(to(at.length), last, now)) continue;
    last = withDeparture(to(at.length), last, now);
    at.push(now / MINUTE);
  }
  return at;
}

it('leaves for the same place ever more seldom', () => {
  const at = departures(() => 'b', 3 * 1440);
  expect(at.slice(0, 5)).toEqual([0, 5, 15, 35, 75]);
  // Never less than every six hours, nor more.
  const gaps = at.slice(1).map((time, index) => time - (at[index] as number));
  expect(gaps[gaps.length - 1]).toBe(360);
});

it('follows an update, its way back and a view at once, and no turns without end', () => {
  const at = departures((time) => 'abcd'.charAt(time % 4), 1440);
  expect(at.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((time) => time / 6));
  expect(at.length).toBeLessThan(15);
});

it('leaves where what it remembers makes no sense, and once the clock was set', () => {
  for (const last of [null, '', '{', '7', '{"at":"x","times":9,"to":"b"}']) expect(mayLeave('b', last, 1000)).toBe(true);
  const last = withDeparture('b', null, 10 * 1440 * MINUTE);
  expect(mayLeave('b', last, 10 * 1440 * MINUTE + MINUTE)).toBe(false);
  expect(mayLeave('b', last, MINUTE)).toBe(true);
});
