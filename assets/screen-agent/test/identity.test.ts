import { expect, it } from 'vitest';
import { readIdentity } from '../src/identity';

const ID = '0123456789abcdef';

it('keeps an id and its secret together', () => {
  expect(readIdentity(`${ID}.${ID}${ID}`)).toEqual({ id: ID, secret: ID + ID });
  for (const text of [null, '', ID, `${ID}.`, `${ID}.${ID}`, `${ID}${ID}.${ID}`, `${ID}.${ID}${ID}.`]) {
    expect(readIdentity(text), String(text)).toEqual({ id: null, secret: null });
  }
});
