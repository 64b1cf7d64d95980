import { expect, it } from 'vitest';
import { createSteady } from '../src/steady';

function clocks() {
  const now = { wall: 1000, monotonic: 0 };
  const steady = createSteady(
    () => now.wall,
    () => now.monotonic,
  );
  return {
    after(wall: number, monotonic: number) {
      now.wall += wall;
      now.monotonic += monotonic;
      return steady();
    },
  };
}

it('a steady clock runs with the monotonic one', () => {
  const { after } = clocks();
  expect(after(1000, 1000)).toBe(1000);
  expect(after(-3_600_000, 1000)).toBe(2000);
  expect(after(56 * 365 * 86_400_000, 1000)).toBe(3000);
});

it('counts the sleep of a TV, in which the monotonic one stands still', () => expect(clocks().after(3_600_000, 2000)).toBe(3_600_000));
