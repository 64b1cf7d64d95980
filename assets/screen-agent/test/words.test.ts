import { expect, it } from 'vitest';
import { awayText } from '../src/words';

const since = new Date(2026, 10, 9, 8, 5);

it('says since when the box is away', () => {
  const now = new Date(2026, 10, 9, 23, 0);
  expect(awayText(since, now, 'es')).toBe('Sin conexión con el equipo desde las 08:05');
  expect(awayText(since, now, 'en')).toBe('No connection to the box since 08:05');
  expect(awayText(since, now, undefined)).toBe(awayText(since, now, 'es'));
});

it('names the day where it was another', () => {
  const now = new Date(2026, 10, 10, 7, 0);
  expect(awayText(since, now, 'es')).toBe('Sin conexión con el equipo desde el 9/11, 08:05');
  expect(awayText(since, now, 'en')).toBe('No connection to the box since 9/11, 08:05');
});
