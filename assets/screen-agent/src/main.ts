import { awayText } from './words';
import { listenForErrors, whenRefused } from './errors';
import { countSecond } from './frames';
import { after, guarded } from './guard';
import type { WorkshopEdge } from './global';
import { createLive } from './live';
import { keepOverlays, showCard } from './overlay';
import { AGENT } from './page';
import { createReporter } from './report';

/** The body shows its picture by then. */
const AFTER_LOAD_MS = 1000;
/** One that is not loaded by then waits for something that may never come. */
const MAX_LOAD_MS = 10_000;
/** The box gives a sign of life every 15 s. */
const AWAY_S = 45;

function start(edge: WorkshopEdge): void {
  let heardAt = new Date();
  /** Seconds that this page has seen since; not those of a TV's sleep, after which it first hears whether the box is there. */
  let quiet = 0;
  let isRefused = false;

  const heard = () => {
    heardAt = new Date();
    quiet = 0;
  };
  const reporter = createReporter(edge, heard);
  const live = createLive(
    () => {
      heard();
      // Timers of a hidden page run once a minute.
      reporter.tick();
    },
    // At once in a hidden page, for the same reason.
    () => after(document.hidden ? 0 : Math.random() * 1000, reporter.hurry),
  );
  edge.subscribe = live.subscribe;

  const tick = () => {
    after(1000, tick);
    quiet += 1;
    listenForErrors();
    countSecond();
    if (isRefused) return;
    const isAway = quiet > AWAY_S && edge.badge !== false;
    showCard('away', isAway ? awayText(heardAt, new Date(), reporter.language()) : '');
    keepOverlays();
    reporter.tick();
  };
  const hurry = () => isRefused || reporter.hurry();
  /** Twice does no harm. */
  const begin = () => {
    hurry();
    live.open();
  };

  // Such a page can be seen, but not heard; to go on would only fill its console.
  whenRefused(() => {
    isRefused = true;
    live.close();
  });
  document.addEventListener('visibilitychange', guarded(hurry) as () => void);
  window.addEventListener('load', guarded(() => after(AFTER_LOAD_MS * (1 + Math.random()), begin)) as () => void);
  after(MAX_LOAD_MS, begin);
  tick();
}

const edge = window.workshopEdge || {};
// A frame is no screen, and a page that was given two agents has one already.
if (window.top === window && edge.agent === undefined) {
  edge.agent = AGENT;
  window.workshopEdge = edge;
  start(edge);
}
