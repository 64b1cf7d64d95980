import { steady } from '../../../screen-agent/src/steady';
import { messages } from '../i18n';
import { onTick } from './clock';
import { demoParts } from './demo';
import { fromKept, rawParts, toKeep } from './kept';
import { subscribe } from './live';
import { recall, sparingly } from './memory';
import { type Model, type Picture, withoutExpired } from './model';
import { PART_NAMES } from './parts';
import type { Store } from './store';
import { put, readLink, readMaxStaleMs, readParts } from './wire';

/** Where the picture comes from: the box's channel, or the demonstration. Started anew when that changes. */
export interface Feed {
  stop(): void;
}

const DEMO_MS = 5000;
/** The box gives a sign of life every 15 s. */
const AWAY_MS = 45_000;

export function startDemo(model: Store<Model>): Feed {
  let timer = 0;
  const play = () => {
    // In step with the clock, so that all TVs in the room change together.
    const now = Date.now() - (Date.now() % DEMO_MS);
    timer = window.setTimeout(play, DEMO_MS - (Date.now() % DEMO_MS));
    const { settings } = model.get();
    const parts = demoParts(now, settings, messages(settings.language));
    const picture: Picture = {};
    PART_NAMES.forEach((name) => put(picture, name, parts[name], null, false));
    model.set({ picture, heardAt: steady() });
  };
  play();
  return { stop: () => window.clearTimeout(timer) };
}

export function startLive(model: Store<Model>): Feed {
  const kept = fromKept(recall('live'), steady(), Date.now());
  let { raw, maxStaleMs } = kept;
  let heardAt = steady();
  model.set({ picture: kept.picture, link: null, boxAway: false, heardAt });
  const memory = sparingly('live', () => toKeep(raw, model.get().picture, { maxStaleMs, heardAt, now: steady(), wallNow: Date.now() }));

  const channel = subscribe({
    onLife() {
      heardAt = steady();
      // While it is near, nobody looks at when it was heard.
      if (model.get().boxAway) model.set({ boxAway: false, heardAt });
    },
    onNews(news, isWhole) {
      const now = steady();
      const before = model.get();
      maxStaleMs = readMaxStaleMs(news, maxStaleMs);
      raw = rawParts(isWhole ? {} : raw, news);
      const picture = readParts(before.picture, news, now, isWhole);
      model.set({ picture, link: readLink(news, now) || before.link, boxAway: false, heardAt });
      memory.keep();
    },
  });

  const unTick = onTick(() => {
    const now = steady();
    const before = model.get();
    const boxAway = now - heardAt > AWAY_MS;
    model.set({ boxAway, heardAt: boxAway ? heardAt : before.heardAt });
    model.set({ picture: withoutExpired(model.get(), maxStaleMs, now) });
  });

  return {
    stop() {
      channel.stop();
      unTick();
      memory.stop();
    },
  };
}
