import { expect, it } from 'vitest';
import { ageOnArrival, parseBody } from '../src/data/http';
import { lateness, type Picture } from '../src/data/model';
import { recallPicture } from '../src/data/feed';

const NOON = Date.parse('2026-11-24T12:00:00Z');

it("takes the age of data from the box's clock, whatever the TV's says", () => {
  expect(ageOnArrival('2026-11-24T11:48:00Z', 'Tue, 24 Nov 2026 12:00:00 GMT', 0)).toBe(12 * 60_000);
  expect(ageOnArrival('2026-11-24T11:59:00Z', null, NOON)).toBe(60_000);
  expect(ageOnArrival(null, 'Tue, 24 Nov 2026 12:00:00 GMT', NOON)).toBe(0);
  expect(ageOnArrival('garbage', null, NOON)).toBe(0);
  expect(ageOnArrival('2026-11-24T12:30:00Z', null, NOON)).toBe(0);
});

it('tells JSON from anything else', () => {
  expect(parseBody('[1]')).toEqual({ body: [1] });
  expect(parseBody('<html>')).toBeUndefined();
  expect(parseBody('')).toBeUndefined();
});

it('says which part of the picture is behind, or that all of it is', () => {
  const late = (ageMs: number) => ageMs > 35_000;
  const orders = { value: { inProgress: 1, completed: 2 }, at: NOON - 600_000 };
  const quality = { value: { rejectPercent: 1 }, at: NOON };
  const picture: Picture = { orders, quality };
  expect(lateness(picture, NOON, late)).toEqual({ ageMs: 600_000, part: 'orders' });
  expect(lateness({ orders }, NOON, late)).toEqual({ ageMs: 600_000, part: null });
  expect(lateness({ quality }, NOON, late)).toBeNull();
  expect(lateness({}, NOON, late)).toBeNull();
});

it('reads the last picture back with suspicion', () => {
  const body = [{ id: 'a', name: 'Torno', status: 'IN_USE' }];
  expect(recallPicture({ machines: { body, at: 5 } }, 10).machines).toEqual({
    value: [{ id: 'a', name: 'Torno', code: '', state: 'IN_USE' }],
    at: 5,
  });
  expect(recallPicture({ machines: { body: 'x', at: 5 }, alerts: { body: [], at: 'x' }, oee: null }, 10)).toEqual({});
  expect(recallPicture({ machines: { body, at: 11 } }, 10)).toEqual({});
  expect(recallPicture(undefined, 10)).toEqual({});
});
