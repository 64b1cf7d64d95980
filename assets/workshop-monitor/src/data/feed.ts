import type { Store } from './store';
import { messages } from '../i18n';
import { addSample, parseHourly } from './hourly';
import { demoHourly, demoParts } from './demo';
import { PARSERS, PART_NAMES, PATHS, type PartName, type Parts } from './erp';
import { getJson } from './http';
import { startLive, type Live } from './live';
import { recall, sparingly } from './memory';
import type { Model, Picture } from './model';
import { dayStart as startOfDay, fields } from '../settings';

/** Where the picture comes from: the ERP through the box, or the demonstration. Started anew when that changes. */
export interface Feed {
  stop(): void;
}

const DEADLINE_MS = 10_000;
const DEMO_MS = 5000;
const EVENT_PAUSE_MS = 1000;

export function startDemo(model: Store<Model>): Feed {
  let timer = 0;
  const play = () => {
    // In step with the clock, so that all TVs in the room change together.
    const now = Date.now() - (Date.now() % DEMO_MS);
    timer = window.setTimeout(play, DEMO_MS - (Date.now() % DEMO_MS));
    const { settings } = model.get();
    const parts = demoParts(now, settings, messages(settings.language));
    const picture: Picture = {};
    PART_NAMES.forEach((name) => put(picture, name, parts[name], now));
    model.set({ picture, hourly: demoHourly(now, settings), erpAway: false });
  };
  play();
  return { stop: () => window.clearTimeout(timer) };
}

function put<P extends PartName>(picture: Picture, name: P, value: Parts[P], at: number): void {
  (picture as { [K in P]?: { value: Parts[K]; at: number } })[name] = { value, at };
}

/** The last picture of a former life of this page, through the same suspicious parsers. */
export function recallPicture(kept: unknown, now: number): Picture {
  const picture: Picture = {};
  const entries = fields(kept);
  PART_NAMES.forEach((name) => {
    const entry = fields(entries[name]);
    if (typeof entry.at !== 'number' || entry.at > now) return;
    const value = PARSERS[name](entry.body);
    if (value !== undefined) put(picture, name, value, entry.at);
  });
  return picture;
}

export function startErp(model: Store<Model>): Feed {
  let stopped = false;
  let timer = 0;
  let eventTimer = 0;
  const inFlight: { [P in PartName]?: boolean } = {};
  const failing: { [P in PartName]?: boolean } = {};
  const bodies: { [P in PartName]?: { body: unknown; at: number } } = {};

  const now = Date.now();
  const kept = fields(recall('picture'));
  PART_NAMES.forEach((name) => {
    const entry = fields(kept[name]);
    if (typeof entry.at === 'number') bodies[name] = { body: entry.body, at: entry.at };
  });
  model.set({ picture: recallPicture(kept, now), hourly: parseHourly(recall('hourly'), now, startOfDay(model.get().settings.shift)) });
  const keepPicture = sparingly('picture', () => bodies);
  const keepHourly = sparingly('hourly', () => model.get().hourly);

  const take = <P extends PartName>(name: P, body: unknown, ageMs: number): boolean => {
    const value = PARSERS[name](body);
    if (value === undefined) return false;
    const at = Date.now() - ageMs;
    const before = model.get().picture;
    const picture: Picture = Object.assign({}, before);
    // An unchanged part keeps its identity, so that what is drawn from it is left alone.
    const same = before[name] && JSON.stringify(before[name]?.value) === JSON.stringify(value);
    put(picture, name, same ? (before[name]?.value as Parts[P]) : value, at);
    bodies[name] = { body: Array.isArray(body) ? body.slice(0, 60) : body, at };
    const change: Partial<Model> = { picture };
    if (name === 'produced' && ageMs < DEADLINE_MS) {
      const { completed, dayStart } = value as Parts['produced'];
      const { hourly, settings } = model.get();
      const gap = Math.max(120_000, settings.refreshS * 4000);
      const from = startOfDay(settings.shift);
      change.hourly = addSample(hourly, { at, total: completed, dayStart }, gap, from);
    }
    model.set(change);
    return true;
  };

  const refreshPart = (name: PartName): Promise<void> => {
    if (inFlight[name]) return Promise.resolve();
    inFlight[name] = true;
    return getJson(PATHS[name], DEADLINE_MS).then((outcome) => {
      inFlight[name] = false;
      if (stopped) return;
      failing[name] = !(outcome.kind === 'ok' && take(name, outcome.body, outcome.ageMs));
      model.set({
        boxAway: outcome.kind === 'unreachable',
        erpAway: PART_NAMES.some((part) => failing[part] === true),
      });
    });
  };

  const refresh = () => {
    window.clearTimeout(timer);
    Promise.all(PART_NAMES.map(refreshPart)).then(() => {
      if (stopped) return;
      keepPicture.keep();
      keepHourly.keep();
    });
    // Not after the answers: a hung request must not hold up the others. A little jitter keeps TVs apart.
    timer = window.setTimeout(refresh, model.get().settings.refreshS * (950 + 100 * Math.random()));
  };
  refresh();

  const live: Live = startLive((event) => {
    if (event) model.set({ lastEvent: { event, at: Date.now() } });
    if (eventTimer) return;
    eventTimer = window.setTimeout(() => {
      eventTimer = 0;
      refresh();
    }, EVENT_PAUSE_MS);
  });

  return {
    stop() {
      stopped = true;
      window.clearTimeout(timer);
      window.clearTimeout(eventTimer);
      live.stop();
      keepPicture.stop();
      keepHourly.stop();
    },
  };
}
