import { describe, expect, it } from 'vitest';
import { addSample, dayOf, emptyHourly, hourBars, madeInDay, parseHourly, type Hourly } from '../src/data/hourly';

const GAP = 120_000;
const at = (hour: number, minute = 0, day = 24) => new Date(2026, 10, day, hour, minute).getTime();
const feed = (samples: Array<[number, number]>, dayStart = 'd', start?: Hourly) =>
  samples.reduce(
    (hourly, [when, total]) => addSample(hourly, { at: when, total, dayStart }, GAP),
    start ?? emptyHourly('2026-11-24'),
  );

describe('pieces per hour', () => {
  it('are the growth between two looks', () => {
    const hourly = feed([[at(8, 0), 10], [at(8, 1), 12], [at(8, 2), 13], [at(8, 59), 15], [at(9, 0), 16], [at(9, 1), 18]]);
    expect(hourly.made[8]).toBe(5);
    expect(hourly.made[9]).toBe(3);
    expect(hourly.unplaced).toBe(10);
  });

  it('know nothing of what was made before the first look', () => {
    const hourly = feed([[at(10, 30), 40]]);
    expect(hourly.made.every((made) => made === 0)).toBe(true);
    const { bars, partial } = hourBars(hourly, [8, 9, 10, 11], at(10, 31));
    expect(partial).toBe(true);
    expect(bars.map(({ made }) => made)).toEqual([null, null, null, null]);
  });

  it('are not guessed into an hour across a gap over its turn', () => {
    const hourly = feed([[at(8, 0), 10], [at(10, 30), 30]]);
    expect(hourly.made[10]).toBe(0);
    expect(hourly.unplaced).toBe(30);
    expect(hourly.seen[10]).toBe(false);
  });

  it('count what a gap inside one hour hid', () => expect(feed([[at(8, 5), 10], [at(8, 40), 16]]).made[8]).toBe(6));

  it('are not counted twice when an order is reopened and closed again', () =>
    expect(feed([[at(8, 0), 13], [at(8, 1), 14], [at(8, 2), 13], [at(8, 3), 14]]).made[8]).toBe(1));

  it("start again when the ERP's day does, even in the middle of the local day", () => {
    const before = feed([[at(18, 0), 50], [at(18, 1), 52]], 'one');
    const after = feed([[at(18, 2), 3]], 'two', before);
    expect(after.made[18]).toBe(5);
  });

  it('forget yesterday', () => {
    const before = feed([[at(23, 58), 50], [at(23, 59), 52]]);
    const after = feed([[at(0, 0, 25), 52], [at(0, 1, 25), 54]], 'd', before);
    expect(after.day).toBe('2026-11-25');
    expect(after.made[23]).toBe(0);
    expect(after.made[0]).toBe(2);
    expect(after.seen[0]).toBe(true);
  });

  it('take no sample that is older than the last', () => {
    const hourly = feed([[at(8, 5), 10]]);
    expect(addSample(hourly, { at: at(8, 5) - 10_000, total: 99, dayStart: 'd' }, GAP)).toBe(hourly);
  });

  it("go on after the TV's clock was put back", () => {
    const wrong = feed([[at(8, 0), 10], [at(8, 1), 12]]);
    const after = feed([[at(7, 0, 23), 12], [at(7, 1, 23), 13]], 'd', wrong);
    expect(after.day).toBe('2026-11-23');
    expect(after.made[7]).toBe(1);
  });

  it('stay 24 a day for ever', () => {
    let hourly = emptyHourly('2026-11-24');
    for (let i = 0; i < 20_000; i++) {
      hourly = addSample(hourly, { at: at(0) + i * 60_000, total: i % 1440, dayStart: String(Math.floor(i / 1440)) }, GAP);
    }
    expect(hourly.made).toHaveLength(24);
    expect(JSON.stringify(hourly).length).toBeLessThan(500);
  });
});

describe('the bars', () => {
  it('of a whole watched shift are all there, the running hour marked', () => {
    const samples: Array<[number, number]> = [];
    for (let minute = 0; minute < 150; minute++) samples.push([at(6, minute - 1), minute]);
    const { bars, partial } = hourBars(feed(samples), [6, 7, 8, 9], at(8, 28));
    expect(bars.map(({ made }) => made)).toEqual([60, 60, 29, null]);
    expect(bars.map(({ current }) => current)).toEqual([false, false, true, false]);
    expect(partial).toBe(false);
  });

  describe('of a night shift', () => {
    const NIGHT = [22, 23, 0, 1, 2, 3, 4, 5];
    const watch = (samples: Array<[number, number, string]>, start?: Hourly) =>
      samples.reduce(
        (hourly, [when, total, dayStart]) => addSample(hourly, { at: when, total, dayStart }, GAP, 22),
        start ?? emptyHourly('2026-11-24', 22),
      );
    /** A piece a minute, watched from before the shift on; the ERP starts again at midnight. */
    const minutes = (until: number) => {
      const samples: Array<[number, number, string]> = [];
      for (let at_ = at(21, 30), i = 0; at_ <= until; at_ += 60_000, i++) {
        const today = at_ >= at(0, 0, 25);
        samples.push([at_, today ? (at_ - at(0, 0, 25)) / 60_000 : 400 + i, today ? 'two' : 'one']);
      }
      return samples;
    };

    it('show no small hours before midnight', () => {
      const { bars } = hourBars(watch(minutes(at(22, 30))), NIGHT, at(22, 30));
      expect(bars.map(({ made, unseen }) => [made, unseen]).slice(1)).toEqual(Array.from({ length: 7 }, () => [null, false]));
    });
    it('keep the evening after midnight, and count the shift over it', () => {
      const hourly = watch(minutes(at(2, 15, 25)));
      const { bars, partial } = hourBars(hourly, NIGHT, at(2, 15, 25));
      expect(partial).toBe(false);
      expect(bars.map(({ made }) => made)).toEqual([60, 60, 59, 60, 16, null, null, null]);
      expect(bars.map(({ current }) => current).indexOf(true)).toBe(4);
      expect(madeInDay(hourly)).toBe(255);
    });
    it('stay until the next one begins', () => {
      const hourly = watch(minutes(at(2, 15, 25)));
      expect(hourBars(hourly, NIGHT, at(12, 0, 25)).bars[0]?.made).toBe(60);
      expect(hourBars(hourly, NIGHT, at(22, 0, 25)).bars[0]?.made).toBeNull();
      expect(parseHourly(JSON.parse(JSON.stringify(hourly)), at(12, 0, 25), 22)).toEqual(hourly);
      expect(parseHourly(JSON.parse(JSON.stringify(hourly)), at(12, 0, 25), 0)).toEqual(emptyHourly('2026-11-25'));
    });
    it("do not take the ERP's count of the calendar day for that of the shift", () => {
      expect(madeInDay(watch([[at(23, 0), 300, new Date(at(0)).toISOString()]]))).toBe(0);
      expect(madeInDay(watch([[at(1, 0, 25), 30, new Date(at(0, 0, 25)).toISOString()]]))).toBe(30);
    });
    it('begin afresh when the shift is set to other hours', () =>
      expect(addSample(feed([[at(8, 0), 10], [at(8, 1), 12]]), { at: at(23, 2), total: 14, dayStart: 'd' }, GAP, 22).made[8]).toBe(0));
  });
});

describe('what was kept over a reload', () => {
  const kept = feed([[at(8, 0), 10], [at(8, 1), 12]]);
  it('is taken up again the same day', () =>
    expect(parseHourly(JSON.parse(JSON.stringify(kept)), at(9))).toEqual(kept));
  it.each([undefined, null, 'x', [], {}, { ...kept, day: '2026-11-23' }, { ...kept, made: 'x' }, { ...kept, last: null }])(
    'is dropped when it is %j',
    (value) => expect(parseHourly(value, at(9))).toEqual(emptyHourly(dayOf(at(9)))),
  );
  it('has its numbers checked one by one', () =>
    expect(parseHourly({ ...kept, made: ['x', -1, NaN, 4] }, at(9)).made.slice(0, 5)).toEqual([0, 0, 0, 4, 0]));
});
