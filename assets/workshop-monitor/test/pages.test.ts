import { expect, it } from 'vitest';
import type { Alert, Machine } from '../src/data/parts';
import { ALERT_LINE, ALERT_ROW, alertLines, alertPage, alertPlaces, machinePage, MACHINES_PER_PAGE, PAGE_MS } from '../src/view/pages';

const machine = (i: number): Machine => ({ id: String(i), name: 'M' + i, code: '', state: i === 20 ? 'BROKEN' : 'IN_USE' });
const alert = (id: string, severity: Alert['severity']): Alert => ({ id, severity, subject: id, message: '' });

it('shows machines in their places while they fit', () => {
  const list = Array.from({ length: MACHINES_PER_PAGE }, (_, i) => machine(i));
  expect(machinePage(list, MACHINES_PER_PAGE, 123_456)).toEqual({ page: 0, pages: 1, shown: list });
});

it('shows every one of many machines in turn, those in trouble first', () => {
  const list = Array.from({ length: 24 }, (_, i) => machine(i));
  const turns = [0, 1].map((page) => machinePage(list, MACHINES_PER_PAGE, page * PAGE_MS).shown);
  expect(turns[0]?.[0]?.state).toBe('BROKEN');
  expect(new Set(turns.flat().map(({ id }) => id)).size).toBe(24);
});

it('keeps critical alerts in view while the others take turns', () => {
  const list = [alert('c', 'CRITICAL'), ...Array.from({ length: 7 }, (_, i) => alert('w' + i, 'WARNING'))];
  const seen = new Set<string>();
  for (let page = 0; page < 3; page++) {
    const { shown } = alertPage(list, 4, page * PAGE_MS);
    expect(shown[0]?.id).toBe('c');
    expect(shown).toHaveLength(4);
    shown.forEach(({ id }) => seen.add(id));
  }
  expect(seen.size).toBe(8);
});

it('keeps the only place for the critical alerts', () => {
  const list = [alert('c0', 'CRITICAL'), alert('c1', 'CRITICAL'), ...Array.from({ length: 98 }, (_, i) => alert('w' + i, 'WARNING'))];
  const turns = [0, 1, 2].map((page) => alertPage(list, 1, page * PAGE_MS).shown.map(({ id }) => id));
  expect(turns).toEqual([['c0'], ['c1'], ['c0']]);
});

it('lets critical alerts take turns too when there are more than fit', () => {
  const list = Array.from({ length: 6 }, (_, i) => alert('c' + i, 'CRITICAL'));
  const seen = new Set<string>();
  for (let page = 0; page < 3; page++) alertPage(list, 4, page * PAGE_MS).shown.forEach(({ id }) => seen.add(id));
  expect(seen.size).toBe(6);
});

it('gives a critical alert the room that is left below it, and never more than there is', () => {
  const list = [alert('c', 'CRITICAL'), alert('w', 'WARNING')];
  expect(alertLines([list[0]!], 4)).toEqual([8]);
  expect(alertLines(list, 4)).toEqual([5, 1]);
  expect(alertLines(list, 2)).toEqual([1, 1]);
  expect(alertLines([list[1]!], 3)).toEqual([5]);
  expect(alertLines([list[0]!, list[0]!], 3)).toEqual([3, 1]);
  for (let room = 1; room < 12; room++) {
    for (let count = 1; count <= room; count++) {
      const lines = alertLines(Array.from({ length: count }, () => list[0]!), room);
      const height = lines.reduce((sum, n) => sum + ALERT_ROW + (n - 1) * ALERT_LINE, 0);
      expect(height).toBeLessThanOrEqual(room * ALERT_ROW + 0.001);
    }
  }
});

it('has at least one place for an alert', () => {
  expect(alertPlaces(0)).toBe(1);
  expect(alertPlaces(4 * ALERT_ROW + 0.1)).toBe(4);
});
