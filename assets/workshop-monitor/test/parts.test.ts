import { describe, expect, it } from 'vitest';
import { number, PART_NAMES, READERS } from '../src/data/parts';

const NONSENSE = [
  undefined,
  null,
  '',
  '<!doctype html><title>502</title>',
  42,
  true,
  {},
  { statusCode: 401, message: 'Unauthorized', error: 'Unauthorized' },
  [null, 7, 'x', [], {}],
];

describe('the parts', () => {
  it('hold percentages as strings', () => {
    expect(number('87.3')).toBe(87.3);
    expect(number(0)).toBe(0);
    expect(number('')).toBeNull();
    expect(number('NaN')).toBeNull();
    expect(number(Infinity)).toBeNull();
    const oee = { oee: '61.2', availability: '80.0', performance: '85.0', quality: '90.0' };
    expect(READERS.dashboard({ oee })).toEqual({ oee: 61.2, availability: 80, performance: 85, quality: 90 });
    expect(READERS.dashboard({ oee: { ...oee, quality: 'n/a' } })?.quality).toBeNull();
  });

  it('give the rate of rejects, which is unknown while nothing was inspected', () => {
    expect(READERS.quality_stats({ total: 200, passed: 190, failed: 5, rework: 5, firstPassYield: '95.0' })?.rejectPercent).toBe(2.5);
    expect(READERS.quality_stats({ total: 0, failed: 0 })).toEqual({ rejectPercent: null });
  });

  it('may have the number 0 for a rate', () =>
    expect(READERS.order_stats({ totalOrders: 0, inProgress: 0, completed: 0, cancelled: 0, completionRate: 0 })).toEqual({
      inProgress: 0,
      completed: 0,
    }));

  it('name machines, in states that may be new', () => {
    expect(
      READERS.machines([
        { id: 'a', code: 'M1', name: 'Torno', status: 'IN_USE' },
        { id: 'b', code: 'M2', name: '', status: 'RETIRED' },
        { status: 'BROKEN' },
      ]),
    ).toEqual([
      { id: 'a', name: 'Torno', code: 'M1', state: 'IN_USE' },
      { id: 'b', name: 'M2', code: 'M2', state: 'UNKNOWN' },
    ]);
    expect(READERS.machines([])).toEqual([]);
  });

  it('are put with the critical alerts first, and otherwise left in order', () => {
    const alert = (id: string, severity: string) => ({ id, severity, title: id });
    const ids = READERS.alerts([alert('i', 'INFO'), alert('w1', 'WARNING'), alert('c', 'CRITICAL'), alert('w2', 'WARNING'), alert('n', 'NEW')]);
    expect(ids?.map(({ id }) => id)).toEqual(['c', 'w1', 'w2', 'i', 'n']);
  });

  it('say of an alert which and what, as far as the box knows', () => {
    const read = (fields: object) => {
      const alert = READERS.alerts([{ id: 'a', severity: 'CRITICAL', ...fields }])?.[0];
      return [alert?.subject, alert?.message];
    };
    expect(read({ title: 'Orden atrasada', message: 'Vence el 27/11/2026', subject: 'ORD-1' })).toEqual(['ORD-1', 'Vence el 27/11/2026']);
    expect(read({ title: 'Orden atrasada', message: '', subject: 'ORD-1' })).toEqual(['ORD-1', 'Orden atrasada']);
    expect(read({ title: 'Orden atrasada', message: 'Vence el 27/11/2026' })).toEqual(['Orden atrasada', 'Vence el 27/11/2026']);
    expect(read({ title: 'Alerta', subject: null })).toEqual(['Alerta', '']);
    expect(read({ message: 'Fuga' })).toEqual(['Fuga', '']);
  });

  it('count the orders of the day by hour', () => {
    const hours = [{ hour: 6, completed: 4, gap: false }, { hour: 7, completed: 0, gap: true }, { hour: 99 }, 'x'];
    expect(READERS.counts({ day: '2026-11-29', completed: 5, unplaced: 1, hours })).toEqual({
      completed: 5,
      unplaced: 1,
      hours: hours.slice(0, 2),
    });
  });

  it('cannot grow the page', () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({ id: String(i), name: 'M'.repeat(5000), status: 'IN_USE' }));
    const read = READERS.machines(many);
    expect(read).toHaveLength(500);
    expect(read?.[0]?.name).toHaveLength(200);
  });

  describe.each(PART_NAMES)('as %s', (part) => {
    it.each(NONSENSE.map((body) => [body]))('are refused when they are %j', (body) =>
      expect(READERS[part](body)).toBeUndefined(),
    );
  });
});
