import { fields } from '../../../screen-agent/src/json';
import { type Link, LINK_STATES, type Picture } from './model';
import { PART_NAMES, type PartName, type Parts, READERS } from './parts';

/** What the box sends on its channel. */
const DEFAULT_MAX_STALE_S = 86_400;

export function put<P extends PartName>(picture: Picture, name: P, value: Parts[P], asOf: number | null, isLate: boolean): void {
  (picture as { [K in P]?: { value: Parts[K]; asOf: number | null; isLate: boolean } })[name] = { value, asOf, isLate };
}

function notNegative(value: unknown): number | null {
  return typeof value === 'number' && isFinite(value) && value >= 0 ? value : null;
}

/** The link, or `undefined` where it has not changed. */
export function readLink(news: unknown, now: number): Link | undefined {
  const link = fields(fields(news).link);
  const state = LINK_STATES.filter((known) => known === link.state)[0];
  if (!state) return undefined;
  const text = fields(link.text);
  const words = (value: unknown) => (typeof value === 'string' ? value.trim().slice(0, 400) : '');
  return { state, since: now - (notNegative(link.since_s) || 0) * 1000, text: { es: words(text.es), en: words(text.en) } };
}

export function readMaxStaleMs(news: unknown, before = DEFAULT_MAX_STALE_S * 1000): number {
  const seconds = notNegative(fields(news).max_stale_s);
  return seconds ? seconds * 1000 : before;
}

/**
 * The picture after what changed; `isWhole`: what is not in the news is not known any longer. An unchanged value keeps its
 * identity, so that what is drawn from it is left alone.
 */
export function readParts(before: Picture, news: unknown, now: number, isWhole = false): Picture {
  const parts = fields(fields(news).parts);
  const names = PART_NAMES.filter((name) => name in parts);
  if (names.length === 0 && !isWhole) return before;
  const picture: Picture = isWhole ? {} : Object.assign({}, before);
  names.forEach((name) => {
    const known = before[name];
    const part = fields(parts[name]);
    const value = READERS[name](part.value);
    if (value === undefined) {
      delete picture[name];
      return;
    }
    const age = notNegative(part.age_s);
    const same = known && JSON.stringify(known.value) === JSON.stringify(value);
    put(picture, name, same ? known.value : value, age === null ? null : now - age * 1000, part.late === true);
  });
  return picture;
}

