import { describe, expect, it } from 'vitest';
import { sourceOf } from '../src/data/model';
import { dayStart, DEFAULTS, looksLikeSettings, parseSettings, shiftHours } from '../src/settings';

describe("the box's settings", () => {
  it('are read whole', () => {
    const read = parseSettings({
      title: 'Taller Norte',
      line: 'Línea 2',
      language: 'en',
      demo: false,
      erp: false,
      targets: { daily: 80, oee_percent: 70.5, reject_percent: 1 },
      shift: { start_hour: 7, end_hour: 15 },
      new_field: 'of a later box',
    });
    expect(read).toEqual({
      title: 'Taller Norte',
      line: 'Línea 2',
      language: 'en',
      demo: false,
      erp: false,
      targets: { daily: 80, oeePercent: 70.5, rejectPercent: 1 },
      shift: { startHour: 7, endHour: 15 },
    });
  });

  it.each([
    undefined,
    null,
    'text',
    7,
    [],
    {},
    { title: '', line: 4, language: 'fr', demo: 'yes', targets: 'x', shift: [] },
    { targets: { daily: -1, oee_percent: 101, reject_percent: NaN }, shift: { start_hour: 24 } },
  ])('fall back to the defaults: %j', (value) => expect(parseSettings(value)).toEqual(DEFAULTS));

  it('are told from an error page', () => {
    expect(looksLikeSettings({ demo: true })).toBe(true);
    expect(looksLikeSettings({ statusCode: 404, message: 'Not found' })).toBe(false);
    expect(looksLikeSettings([])).toBe(false);
  });
});

it('an older box does not say whether it has an ERP', () => {
  expect(sourceOf(parseSettings({ demo: false }))).toBe('erp');
  expect(sourceOf(parseSettings({ demo: false, erp: true }))).toBe('erp');
  expect(sourceOf(parseSettings({ demo: false, erp: false }))).toBe('none');
  expect(sourceOf(parseSettings({ demo: true, erp: false }))).toBe('demo');
});

describe("the shift's hours", () => {
  it('run from the start to before the end', () => expect(shiftHours({ startHour: 6, endHour: 9 })).toEqual([6, 7, 8]));
  it('may pass midnight', () => expect(shiftHours({ startHour: 22, endHour: 2 })).toEqual([22, 23, 0, 1]));
  it('begin the day of work where they pass midnight', () => {
    expect(dayStart({ startHour: 22, endHour: 6 })).toBe(22);
    expect(dayStart({ startHour: 16, endHour: 0 })).toBe(16);
    expect(dayStart({ startHour: 6, endHour: 6 })).toBe(6);
    expect(dayStart({ startHour: 6, endHour: 22 })).toBe(0);
    expect(shiftHours({ startHour: 16, endHour: 0 })).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
  });
  it('are all of the day when start and end are the same', () => {
    expect(shiftHours({ startHour: 6, endHour: 6 })).toHaveLength(24);
    expect(shiftHours({ startHour: 0, endHour: 24 })).toHaveLength(24);
  });
});
