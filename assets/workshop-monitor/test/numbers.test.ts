import { expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { es } from '../src/i18n/es';
import { brief, clockText, dateText, oneDecimal, whole } from '../src/text/numbers';

it('writes numbers the way the language does', () => {
  expect(oneDecimal(61.24, es)).toBe('61,2');
  expect(oneDecimal(61.25, en)).toBe('61.3');
  expect(oneDecimal(null, es)).toBe('–');
  expect(whole(1234, es)).toBe('1234');
  expect(whole(12345, en)).toBe('12,345');
  expect(whole(1234567, es)).toBe('1\u202f234\u202f567');
  expect(brief(75, es)).toBe('75');
  expect(brief(2.5, es)).toBe('2,5');
});

it('writes the time in 24 hours and the date in words', () => {
  const at = new Date(2026, 10, 24, 9, 5).getTime();
  expect(clockText(at)).toBe('09:05');
  expect(dateText(at, es)).toBe('mar 24 nov');
  expect(dateText(at, en)).toBe('Tue 24 Nov');
});
