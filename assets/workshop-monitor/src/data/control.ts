import { looksLikeSettings, parseSettings, sameSettings, type Settings } from '../settings';
import { startDemo, startLive, type Feed } from './feed';
import { getJson } from './http';
import { forgetOld, recall, remember } from './memory';
import { type Model, type Source, sourceOf } from './model';
import type { Store } from './store';

/** Polls the box's settings, and makes the feed follow them. */
const AGAIN_MS = 60_000;
const AGAIN_AFTER_FAILURE_MS = 5000;
const DEADLINE_MS = 10_000;

export function startControl(model: Store<Model>): void {
  forgetOld();
  let feed: Feed | undefined;
  let source: Source | undefined;

  const follow = (settings: Settings) => {
    model.set({ settings, settled: true });
    if (source === sourceOf(settings)) return;
    source = sourceOf(settings);
    if (feed) feed.stop();
    // A demonstration's numbers must never be left standing as real ones, nor the other way round.
    model.set({ picture: {}, link: null, boxAway: false });
    feed = source === 'demo' ? startDemo(model) : source === 'erp' ? startLive(model) : undefined;
  };

  const read = () => {
    getJson('/_edge/display.json', DEADLINE_MS).then((outcome) => {
      let again = AGAIN_MS;
      if (outcome.kind === 'ok' && looksLikeSettings(outcome.body)) {
        const settings = parseSettings(outcome.body);
        const known = model.get();
        if (!known.settled || !sameSettings(known.settings, settings)) {
          remember('settings', outcome.body);
          follow(settings);
        }
      } else {
        again = AGAIN_AFTER_FAILURE_MS;
        // What the box said last time is a better guess than the defaults.
        if (!model.get().settled) follow(parseSettings(recall('settings')));
      }
      // Where there is a channel, that knows better.
      if (source !== 'erp') model.set({ boxAway: outcome.kind === 'unreachable' });
      window.setTimeout(read, again);
    });
  };
  read();
}
