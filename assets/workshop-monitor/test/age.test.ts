import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { es } from '../src/i18n/es';
import { ageText } from '../src/text/age';

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;

describe('the age of data', () => {
  it.each([
    [4 * S, '4 s'],
    [47 * S, '40 s'],
    [59.9 * S, '50 s'],
    [60 * S, '1 min'],
    [12.5 * MIN, '12 min'],
    [59.9 * MIN, '59 min'],
    [3 * H, '3 h'],
    [47.9 * H, '47 h'],
    [48 * H, '2 días'],
    [-5 * S, '1 s'],
  ])('%d ms is %s', (ms, text) => expect(ageText(ms, es)).toBe(text));

  it('is said in English too', () => {
    expect(ageText(50 * H, en)).toBe('2 days');
    expect(en.dataAge(ageText(12 * MIN, en))).toBe('Data from 12 min ago');
    expect(es.dataAge(ageText(12 * MIN, es))).toBe('Datos de hace 12 min');
  });
});
