import { DEFAULTS, type Settings } from '../settings';
import type { PartName, Parts } from './parts';
import { createStore } from './store';

/** A part of the picture. Moments are of the steady clock. */
export interface Held<T> {
  value: T;
  /** The moment that it shows; `null` where the box does not know. */
  asOf: number | null;
  /** The box says that it is old. Otherwise it is as young as the last sign of the box. */
  isLate: boolean;
}
export type Picture = { [P in PartName]?: Held<Parts[P]> };

/** Where the picture comes from. An older box does not say whether it has an ERP: then it is asked. */
export type Source = 'demo' | 'erp' | 'none';
export function sourceOf(settings: Settings): Source {
  return settings.demo ? 'demo' : settings.erp === false ? 'none' : 'erp';
}

export type LinkState = 'off' | 'starting' | 'up' | 'slow' | 'away';
export const LINK_STATES: LinkState[] = ['off', 'starting', 'up', 'slow', 'away'];
/** How the box gets on with the ERP. */
export interface Link {
  state: LinkState;
  since: number;
  /** What is wrong and what to do, in the languages of a display; empty where nothing is. */
  text: Record<Settings['language'], string>;
}

export interface Model {
  settings: Settings;
  /** Nothing is shown before the box has said, or has failed to say, whether this is a demonstration. */
  settled: boolean;
  picture: Picture;
  link: Link | null;
  boxAway: boolean;
  /** When the box was last heard, of the steady clock. */
  heardAt: number;
}

export const createModel = () =>
  createStore<Model>({ settings: DEFAULTS, settled: false, picture: {}, link: null, boxAway: false, heardAt: 0 });

/** Less than this is no age for a wall: a page that has just been loaded would show one for a moment. */
const MIN_SHOWN_MS = 15_000;

/** How old a part is: `undefined` while it is young, `null` when nobody knows. */
export function ageOf(held: Held<unknown> | undefined, model: Model, now: number): number | null | undefined {
  if (!held || !(held.isLate || model.boxAway)) return undefined;
  if (held.isLate && held.asOf === null) return null;
  const age = now - (held.isLate && held.asOf !== null ? held.asOf : model.heardAt);
  return age < MIN_SHOWN_MS ? undefined : age;
}

/** What of the picture is old: the oldest, and whether that is all of it. */
export function lateness(model: Model, now: number): { age: number | null; part: PartName | null } | null {
  const names = (Object.keys(model.picture) as PartName[]).filter((name) => model.picture[name]);
  let oldest: { age: number | null; part: PartName } | null = null;
  let late = 0;
  names.forEach((part) => {
    const age = ageOf(model.picture[part], model, now);
    if (age === undefined) return;
    late += 1;
    // One that nobody knows is older than any.
    if (!oldest || age === null || (oldest.age !== null && age > oldest.age)) oldest = { age, part };
  });
  const found = oldest as { age: number | null; part: PartName } | null;
  return found && { age: found.age, part: late === names.length ? null : found.part };
}

/** The picture without what is older than the box keeps. */
export function withoutExpired(model: Model, maxStaleMs: number, now: number): Picture {
  const gone = (Object.keys(model.picture) as PartName[]).filter((name) => {
    const age = ageOf(model.picture[name], model, now);
    return age !== undefined && age !== null && age > maxStaleMs;
  });
  if (gone.length === 0) return model.picture;
  const picture: Picture = Object.assign({}, model.picture);
  gone.forEach((name) => delete picture[name]);
  return picture;
}
