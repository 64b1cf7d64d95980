import { describe, expect, it } from 'vitest';
import { demoCounts, demoParts } from '../src/data/demo';
import { en } from '../src/i18n/en';
import { es } from '../src/i18n/es';
import { DEFAULTS } from '../src/settings';

const at = (hour: number, minute = 0, day = 24) => new Date(2026, 10, day, hour, minute).getTime();

describe('the demonstration', () => {
  it('is the same on every TV at the same moment', () =>
    expect(demoParts(at(11, 20), DEFAULTS, es)).toEqual(demoParts(at(11, 20), DEFAULTS, es)));

  it('differs from day to day, and moves within one', () => {
    expect(demoCounts(at(21), DEFAULTS)).not.toEqual(demoCounts(at(21, 0, 25), DEFAULTS));
    expect(demoParts(at(11), DEFAULTS, es)).not.toEqual(demoParts(at(11, 30), DEFAULTS, es));
  });

  it('only ever produces more, up to somewhere near the target', () => {
    let before = 0;
    for (let minute = 0; minute < 24 * 60; minute += 5) {
      const { completed } = demoParts(at(0, minute), DEFAULTS, es).counts;
      expect(completed).toBeGreaterThanOrEqual(before);
      before = completed;
    }
    expect(before).toBeGreaterThan(DEFAULTS.targets.daily * 0.7);
    expect(before).toBeLessThan(DEFAULTS.targets.daily * 1.3);
  });

  it('is plausible all day long, for thirty days', () => {
    for (let day = 1; day <= 30; day++) {
      for (let hour = 0; hour < 24; hour++) {
        const { dashboard, quality_stats, machines, alerts } = demoParts(at(hour, 7, day), DEFAULTS, es);
        expect(dashboard.oee).toBeGreaterThan(60);
        expect(dashboard.oee).toBeLessThan(95);
        expect(quality_stats.rejectPercent).toBeGreaterThan(0);
        expect(machines).toHaveLength(8);
        expect(alerts.length).toBeGreaterThan(0);
        expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length);
      }
    }
  });

  it('works through the night where the shift does', () => {
    const night = { ...DEFAULTS, shift: { startHour: 22, endHour: 6 } };
    const hours = (now: number) => demoCounts(now, night).hours;
    const late = hours(at(23, 30));
    const early = hours(at(2, 30, 25));
    expect(late.map(({ hour }) => hour)).toEqual([22, 23]);
    expect(early.map(({ hour }) => hour)).toEqual([22, 23, 0, 1, 2]);
    expect(early[0]).toEqual(late[0]);
    expect(early[3]?.completed).toBeGreaterThan(0);
    const { completed } = demoParts(at(5, 59, 25), night, es).counts;
    expect(completed).toBeGreaterThan(night.targets.daily * 0.7);
    expect(completed).toBeLessThan(night.targets.daily * 1.3);
  });

  it('speaks the language of the display', () => {
    expect(demoParts(at(11), DEFAULTS, es).machines[0]?.name).toBe('Torno CNC 1');
    expect(demoParts(at(11), DEFAULTS, en).machines[0]?.name).toBe('CNC lathe 1');
  });
});
