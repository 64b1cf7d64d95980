import { expect, it } from 'vitest';
import { dataAge } from '../src/data/live';
import { createModel, type Model } from '../src/data/model';
import { DEFAULTS } from '../src/settings';

const oee = { oee: 70, availability: 80, performance: 90, quality: 95 };

function model(change: Partial<Model>): Model {
  return { ...createModel().get(), settings: { ...DEFAULTS, demo: false, erp: true }, heardAt: 0, ...change };
}

it('publishes the age of the data that it shows', () => {
  const young = { dashboard: { value: oee, asOf: null, isLate: false } };
  const late = { dashboard: { value: oee, asOf: 1000, isLate: true } };
  const unknown = { dashboard: { value: oee, asOf: null, isLate: true } };
  expect(dataAge(model({ picture: young }), 90_000)).toBe(0);
  expect(dataAge(model({ picture: young, boxAway: true }), 90_000)).toBe(90);
  expect(dataAge(model({ picture: late }), 91_000)).toBe(90);
  expect(dataAge(model({ picture: unknown }), 90_000)).toBeUndefined();
  expect(dataAge(model({}), 90_000)).toBeUndefined();
  expect(dataAge(model({ picture: late, settings: DEFAULTS }), 90_000)).toBeUndefined();
});
