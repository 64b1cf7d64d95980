import { describe, expect, it } from 'vitest';
import { fromKept, rawParts, toKeep } from '../src/data/kept';
import { ageOf, lateness, type Model, type Picture, withoutExpired } from '../src/data/model';
import { readLink, readMaxStaleMs, readParts } from '../src/data/wire';
import { DEFAULTS } from '../src/settings';

const NOW = 1_000_000_000;
const MIN = 60_000;
const machines = [{ id: 'a', code: 'M1', name: 'Torno', type: 'LATHE', status: 'IN_USE' }];
const orders = { totalOrders: 3, inProgress: 1, completed: 2, cancelled: 0, completionRate: '66.7' };
const whole = {
  link: { state: 'up', since_s: 12, reason: null, text: null },
  max_stale_s: 3600,
  parts: {
    dashboard: null,
    machines: { age_s: 3, late: false, value: machines },
    order_stats: { age_s: 600, late: true, value: orders },
    weekly_throughput: { age_s: 3, late: false, value: { completed: 4 } },
  },
};
const model = (picture: Picture, change: Partial<Model> = {}): Model => ({
  settings: DEFAULTS,
  settled: true,
  picture,
  link: null,
  boxAway: false,
  heardAt: NOW,
  ...change,
});

describe('what the box sends', () => {
  it('is the parts that it knows, each with its moment', () => {
    const picture = readParts({}, whole, NOW);
    expect(Object.keys(picture).sort()).toEqual(['machines', 'order_stats']);
    expect(picture.machines).toEqual({ value: [{ id: 'a', name: 'Torno', code: 'M1', state: 'IN_USE' }], asOf: NOW - 3000, isLate: false });
    expect(picture.order_stats).toEqual({ value: { inProgress: 1, completed: 2 }, asOf: NOW - 600_000, isLate: true });
  });

  it('changes what is in it, and nothing else', () => {
    const before = readParts({}, whole, NOW);
    const after = readParts(before, { parts: { order_stats: { age_s: 1, late: false, value: { ...orders, completed: 9 } } } }, NOW);
    expect(after.machines).toBe(before.machines);
    expect(after.order_stats?.value.completed).toBe(9);
    expect(readParts(after, { parts: { machines: null } }, NOW).machines).toBeUndefined();
    expect(readParts(after, { link: { state: 'away' } }, NOW)).toBe(after);
    expect(readParts(after, 'x', NOW)).toBe(after);
  });

  it('of another start of the box leaves nothing of the one before, but the identity of what is equal', () => {
    const before = readParts({}, whole, NOW);
    const after = readParts(before, { parts: { machines: { age_s: 1, late: false, value: machines } } }, NOW, true);
    expect(Object.keys(after)).toEqual(['machines']);
    expect(after.machines?.value).toBe(before.machines?.value);
  });

  it('has no part left that is not itself any longer', () =>
    expect(readParts(readParts({}, whole, NOW), { parts: { machines: { age_s: 1, value: 'x' } } }, NOW).machines).toBeUndefined());

  it('says how the link is, and since when', () => {
    expect(readLink(whole, NOW)).toEqual({ state: 'up', since: NOW - 12_000, text: { es: '', en: '' } });
    const away = { link: { state: 'away', since_s: 60, reason: 'timeout', text: { es: 'No contesta.', en: 'No answer.' } } };
    expect(readLink(away, NOW)).toEqual({ state: 'away', since: NOW - MIN, text: { es: 'No contesta.', en: 'No answer.' } });
    for (const odd of [{}, null, { link: null }, { link: { state: 'odd' } }]) expect(readLink(odd, NOW)).toBeUndefined();
  });

  it('says how long data is kept', () => {
    expect(readMaxStaleMs(whole)).toBe(3_600_000);
    expect(readMaxStaleMs({}, 5)).toBe(5);
    expect(readMaxStaleMs({ max_stale_s: 'x' })).toBe(86_400_000);
  });
});

describe('the age of a part', () => {
  const young = { value: [], asOf: NOW - 3000, isLate: false };
  const old = { value: { rejectPercent: 1 }, asOf: NOW - 600_000, isLate: true };
  it('is none while the box is heard and does not call it late', () => {
    expect(ageOf(young, model({}), NOW + 10 * MIN)).toBeUndefined();
    expect(ageOf(undefined, model({}), NOW)).toBeUndefined();
  });
  it('counts on from what the box said', () => expect(ageOf(old, model({}), NOW + MIN)).toBe(11 * MIN));
  it('counts from the last sign of a box that is away', () => {
    expect(ageOf(young, model({}, { boxAway: true }), NOW + 5 * MIN)).toBe(5 * MIN);
    expect(ageOf(old, model({}, { boxAway: true }), NOW + 5 * MIN)).toBe(15 * MIN);
  });
  it('may be unknown', () => expect(ageOf({ value: 1, asOf: null, isLate: true }, model({}), NOW)).toBeNull());

  it('is said of the part that is behind, or of all of it', () => {
    const picture: Picture = { quality_stats: old, machines: young };
    expect(lateness(model(picture), NOW)).toEqual({ age: 600_000, part: 'quality_stats' });
    expect(lateness(model({ quality_stats: old }), NOW)).toEqual({ age: 600_000, part: null });
    expect(lateness(model(picture, { boxAway: true }), NOW + MIN)).toEqual({ age: 11 * MIN, part: null });
    expect(lateness(model({ machines: young }), NOW)).toBeNull();
    expect(lateness(model({}), NOW)).toBeNull();
    expect(lateness(model({ ...picture, alerts: { value: [], asOf: null, isLate: true } }), NOW)).toEqual({ age: null, part: 'alerts' });
  });

  it('has an end, after which the part is gone', () => {
    const picture: Picture = { quality_stats: old, machines: young };
    expect(withoutExpired(model(picture), 600_000, NOW)).toBe(picture);
    expect(withoutExpired(model(picture), 599_999, NOW)).toEqual({ machines: young });
    expect(withoutExpired(model(picture, { boxAway: true }), 3_600_000, NOW + 61 * MIN)).toEqual({});
  });
});

describe('what is kept over a reload', () => {
  const WALL = Date.parse('2026-11-24T12:00:00Z');
  const moment = { now: NOW + MIN, heardAt: NOW + MIN, wallNow: WALL, maxStaleMs: 3_600_000 };
  const kept = () => JSON.parse(JSON.stringify(toKeep(rawParts({}, whole), readParts({}, whole, NOW), moment))) as unknown;

  it('is the parts that are shown, and nothing else', () => {
    expect(kept()).toEqual({
      parts: { machines: { value: machines, at: WALL }, order_stats: { value: orders, at: WALL - 11 * MIN } },
      max_stale_s: 3600,
    });
  });

  it('comes back with its age, however the steady clock stands', () => {
    const { picture, maxStaleMs } = fromKept(kept(), 5, WALL + 10 * MIN);
    expect(picture.machines).toEqual({ value: [{ id: 'a', name: 'Torno', code: 'M1', state: 'IN_USE' }], asOf: 5 - 10 * MIN, isLate: true });
    expect(maxStaleMs).toBe(3_600_000);
  });

  it('is nothing that is too old, of the future, or no part', () => {
    expect(Object.keys(fromKept(kept(), 5, WALL + 55 * MIN).picture)).toEqual(['machines']);
    expect(fromKept(kept(), 5, WALL + 61 * MIN).picture).toEqual({});
    expect(fromKept(kept(), 5, WALL - 12 * MIN).picture).toEqual({});
    for (const odd of [undefined, null, 'x', { parts: { machines: { value: 'x', at: WALL } } }, { parts: { machines: { value: machines } } }]) {
      expect(fromKept(odd, 5, WALL).picture).toEqual({});
    }
  });

  it('is dropped with the part', () => expect(rawParts(rawParts({}, whole), { parts: { machines: null } })).toEqual({ order_stats: orders }));

  it('is no long list', () => {
    const many = Array.from({ length: 500 }, (_, i) => ({ ...machines[0], id: String(i) }));
    expect(rawParts({}, { parts: { machines: { value: many } } }).machines).toHaveLength(60);
  });
});
