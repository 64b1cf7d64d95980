import { describe, expect, it } from 'vitest';
import { barFigures } from '../src/text/figures';
import { breakLines, tellApart } from '../src/text/names';

/** As if every letter were one wide. */
const measure = (text: string) => text.length;
const within = (width: number, lines: number) => (text: string) => breakLines(text, width, lines, measure) !== undefined;
const machine = (name: string, code = '') => ({ name, code });

describe('lines', () => {
  it('end between words', () => expect(breakLines('Centro de mecanizado', 10, 2, measure)).toEqual(['Centro de', 'mecanizado']));
  it('end in a word that is longer than a line', () =>
    expect(breakLines('Electroerosionadora', 10, 2, measure)).toEqual(['Electroero', 'sionadora']));
  it('are no more than asked for', () => {
    expect(breakLines('uno dos tres', 4, 2, measure)).toBeUndefined();
    expect(breakLines('Electroerosionadora grande', 10, 2, measure)).toBeUndefined();
    expect(breakLines('x'.repeat(21), 10, 2, measure)).toBeUndefined();
  });
});

describe('names of machines', () => {
  const told = (machines: Array<{ name: string; code: string }>, width = 16) => {
    const fits = within(width, 2);
    const names = tellApart(machines, fits);
    names.forEach((name) => expect(fits(name)).toBe(true));
    return names;
  };
  it('that fit are left alone', () =>
    expect(told([machine('Torno 1'), machine('Centro de mecanizado')])).toEqual(['Torno 1', 'Centro de mecanizado']));

  it('that are too long keep the end, which tells them apart', () => {
    const names = told(['VF-2', 'VF-4', 'DMG 50'].map((model) => machine('Centro de mecanizado vertical de cinco ejes ' + model)));
    expect(new Set(names).size).toBe(3);
    names.forEach((name) => expect(name).toMatch(/^Centro.*…/));
    expect(names[0]).toMatch(/VF-2$/);
  });

  it('that differ in the middle show where they differ', () => {
    const names = told(['A', 'B', 'C'].map((hall) => machine(`Centro de mecanizado vertical ${hall} de la nave junto a la puerta del norte`)));
    expect(new Set(names).size).toBe(3);
    expect(names[1]).toMatch(/^…B /);
  });

  it('that are the same have the code', () => {
    expect(told([machine('Torno', 'T-1'), machine('Torno', 'T-2'), machine('Sierra', 'S-1')])).toEqual(['Torno · T-1', 'Torno · T-2', 'Sierra']);
    const long = told([machine('Centro de mecanizado vertical de cinco ejes', 'CM-1'), machine('Centro de mecanizado vertical de cinco ejes', 'CM-2')]);
    expect(long[0]).toMatch(/CM-1$/);
    expect(long[1]).toMatch(/CM-2$/);
  });

  it('of any length and number are all short enough', () => {
    told(Array.from({ length: 40 }, (_, i) => machine('M'.repeat(200) + (i % 3), 'X'.repeat(200))));
    told([machine('a'), machine('a')]);
    told([]);
  });
});

describe('figures over the bars', () => {
  it('are all shown where none touches its neighbour', () => expect(barFigures(['12', '9'], 4, measure)).toBe(1));
  it('are left out by turns before they touch', () => {
    expect(barFigures(['120', '9'], 4, measure)).toBe(2);
    expect(barFigures(['1200', '9'], 2, measure) * 2).toBeGreaterThan(4 * 1.4);
  });
});
