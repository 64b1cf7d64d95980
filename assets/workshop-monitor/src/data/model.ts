import { DEFAULTS, type Settings } from '../settings';
import type { LiveEvent } from './live';
import type { Parts } from './erp';
import { dayOf, emptyHourly, type Hourly } from './hourly';
import { createStore } from './store';

/** A part of the picture, and the moment that it shows. */
export type Dated<T> = { value: T; at: number };
export type Picture = { [P in keyof Parts]?: Dated<Parts[P]> };

/** Where the picture comes from. An older box does not say whether it has an ERP: then it is asked. */
export type Source = 'demo' | 'erp' | 'none';
export function sourceOf(settings: Settings): Source {
  return settings.demo ? 'demo' : settings.erp === false ? 'none' : 'erp';
}

export interface Model {
  settings: Settings;
  /** Nothing is shown before the box has said, or has failed to say, whether this is a demonstration. */
  settled: boolean;
  picture: Picture;
  hourly: Hourly;
  boxAway: boolean;
  erpAway: boolean;
  lastEvent: { event: LiveEvent; at: number } | null;
}

export const createModel = (now: number) =>
  createStore<Model>({
    settings: DEFAULTS,
    settled: false,
    picture: {},
    hourly: emptyHourly(dayOf(now)),
    boxAway: false,
    erpAway: false,
    lastEvent: null,
  });

/** The parts that are behind, and by how much: all of them, or the one that stopped. */
export function lateness(
  picture: Picture,
  now: number,
  late: (ageMs: number) => boolean,
): { ageMs: number; part: keyof Parts | null } | null {
  const names = (Object.keys(picture) as Array<keyof Parts>).filter((name) => picture[name]);
  const behind = names.filter((name) => late(now - (picture[name]?.at ?? now)));
  if (behind.length === 0) return null;
  const oldest = behind.reduce((a, b) => ((picture[a]?.at ?? now) <= (picture[b]?.at ?? now) ? a : b));
  return { ageMs: now - (picture[oldest]?.at ?? now), part: behind.length === names.length ? null : oldest };
}
