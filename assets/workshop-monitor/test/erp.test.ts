import { describe, expect, it } from 'vitest';
import { number, PARSERS, PART_NAMES, parseAlerts, parseMachines, parseOee, parseOrders, parseProduced, parseQuality } from '../src/data/erp';

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

describe("the ERP's answers", () => {
  it('hold percentages as strings', () => {
    expect(number('87.3')).toBe(87.3);
    expect(number(0)).toBe(0);
    expect(number('')).toBeNull();
    expect(number('NaN')).toBeNull();
    expect(number(Infinity)).toBeNull();
    const oee = { oee: '61.2', availability: '80.0', performance: '85.0', quality: '90.0' };
    expect(parseOee({ oee })).toEqual({ oee: 61.2, availability: 80, performance: 85, quality: 90 });
    expect(parseOee({ oee: { ...oee, quality: 'n/a' } })?.quality).toBeNull();
  });

  it('give the day its count', () => {
    expect(parseProduced({ period: 'daily', completed: 14, inProgress: 9, startDate: '2026-11-24T00:00:00Z' })).toEqual({
      completed: 14,
      inProgress: 9,
      dayStart: '2026-11-24T00:00:00Z',
    });
    expect(parseProduced({ completed: -3 })).toBeUndefined();
  });

  it('give the rate of rejects, which is unknown while nothing was inspected', () => {
    expect(parseQuality({ total: 200, passed: 190, failed: 5, rework: 5, firstPassYield: '95.0' })?.rejectPercent).toBe(2.5);
    expect(parseQuality({ total: 0, failed: 0 })).toEqual({ rejectPercent: null });
  });

  it('may have the number 0 for a rate', () =>
    expect(parseOrders({ totalOrders: 0, inProgress: 0, completed: 0, cancelled: 0, completionRate: 0 })).toEqual({
      inProgress: 0,
      completed: 0,
    }));

  it('name machines, in states that may be new', () => {
    expect(
      parseMachines([
        { id: 'a', code: 'M1', name: 'Torno', status: 'IN_USE' },
        { id: 'b', code: 'M2', name: '', status: 'RETIRED' },
        { status: 'BROKEN' },
      ]),
    ).toEqual([
      { id: 'a', name: 'Torno', code: 'M1', state: 'IN_USE' },
      { id: 'b', name: 'M2', code: 'M2', state: 'UNKNOWN' },
    ]);
    expect(parseMachines([])).toEqual([]);
  });

  it('are put with the critical alerts first, and otherwise left in order', () => {
    const alert = (id: string, severity: string) => ({ id, severity, title: id });
    const ids = parseAlerts([alert('i', 'INFO'), alert('w1', 'WARNING'), alert('c', 'CRITICAL'), alert('w2', 'WARNING'), alert('n', 'NEW')]);
    expect(ids?.map(({ id }) => id)).toEqual(['c', 'w1', 'w2', 'i', 'n']);
  });

  it("say what an alert's message adds to its title", () => {
    const message = (title: string, text: string) => parseAlerts([{ id: 'a', severity: 'CRITICAL', title, message: text }])?.[0]?.message;
    expect(message('Prensa parada', 'Prensa parada.')).toBe('');
    expect(message('Prensa parada', 'Prensa parada: fuga de aceite')).toBe('fuga de aceite');
    expect(message('Prensa parada', 'Fuga de aceite en el cilindro')).toBe('Fuga de aceite en el cilindro');
    expect(message('', 'Fuga de aceite')).toBe('');
  });

  it('cannot grow the page', () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({ id: String(i), name: 'M'.repeat(5000), status: 'IN_USE' }));
    const read = parseMachines(many);
    expect(read).toHaveLength(200);
    expect(read?.[0]?.name).toHaveLength(200);
  });

  describe.each(PART_NAMES)('as %s', (part) => {
    it.each(NONSENSE.map((body) => [body]))('are refused when they are %j', (body) =>
      expect(PARSERS[part](body)).toBeUndefined(),
    );
  });
});
