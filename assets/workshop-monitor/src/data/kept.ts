import { fields } from '../../../screen-agent/src/json';
import type { Picture } from './model';
import { PART_NAMES, type PartName, READERS } from './parts';
import { put, readMaxStaleMs } from './wire';

/** The last picture, over a reload: the parts of the channel that are shown, as the box projected them, and nothing else. */
export type Raw = { [P in PartName]?: unknown };

/** As many entries of a list as are worth the TV's flash. */
const MAX_ENTRIES = 60;

export function rawParts(before: Raw, news: unknown): Raw {
  const parts = fields(fields(news).parts);
  const raw: Raw = Object.assign({}, before);
  PART_NAMES.forEach((name) => {
    if (!(name in parts)) return;
    const { value } = fields(parts[name]);
    if (value === undefined) delete raw[name];
    else raw[name] = Array.isArray(value) ? value.slice(0, MAX_ENTRIES) : value;
  });
  return raw;
}

/** `now` and `heardAt` are of the steady clock, `wallNow` is the TV's own. */
export interface Moment {
  now: number;
  wallNow: number;
  heardAt: number;
  maxStaleMs: number;
}

export function toKeep(raw: Raw, picture: Picture, { now, wallNow, heardAt, maxStaleMs }: Moment): unknown {
  const parts: Record<string, unknown> = {};
  PART_NAMES.forEach((name) => {
    const held = picture[name];
    if (!held || raw[name] === undefined) return;
    const from = held.isLate ? held.asOf : heardAt;
    parts[name] = { value: raw[name], at: from === null ? null : Math.round(wallNow - (now - from)) };
  });
  return { parts, max_stale_s: Math.round(maxStaleMs / 1000) };
}

/** Reads it back with suspicion; what is older than the box would keep, or of the future, is gone. */
export function fromKept(kept: unknown, now: number, wallNow: number): { picture: Picture; raw: Raw; maxStaleMs: number } {
  const entries = fields(fields(kept).parts);
  const maxStaleMs = readMaxStaleMs(kept);
  const picture: Picture = {};
  const raw: Raw = {};
  PART_NAMES.forEach((name) => {
    const { at, value: body } = fields(entries[name]);
    const age = typeof at === 'number' ? wallNow - at : null;
    if ((at !== null && age === null) || (age !== null && (age < 0 || age > maxStaleMs))) return;
    const value = READERS[name](body);
    if (value === undefined) return;
    put(picture, name, value, age === null ? null : now - age, true);
    raw[name] = body;
  });
  return { picture, raw, maxStaleMs };
}
