import { keepAwake } from './awake';
import { counts, snapshot, subtract } from './counts';
import { lastSample } from './errors';
import { dataAge, type WorkshopEdge } from './global';
import { after } from './guard';
import { identity, keepIdentity } from './identity';
import { fields, parseJson } from './json';
import { isLeaving, isPath, leave } from './leave';
import { arrive, mayLeaveFor, rememberDeparture } from './departures';
import { afterReport, carryOut, reported } from './orders';
import { showCard } from './overlay';
import { AGENT, PAGE, SITE } from './page';
import { request } from './request';
import { bodyShows } from './shown';
import { steady } from './steady';

const EVERY_MS = 10_000;
const MIN_GAP_MS = 1000;
const RETRY_AFTER_S = 10;
const MAX_PATH = 200;

export interface Reporter {
  /** Reports where one is due. */
  tick(): void;
  /** Reports as soon as may be. */
  hurry(): void;
  /** In which the wall speaks: the box's last word. */
  language(): unknown;
}

/** `onAnswer`: the box is there. */
export function createReporter(edge: WorkshopEdge, onAnswer: () => void): Reporter {
  let n = 0;
  let every = EVERY_MS;
  let language: unknown;
  let isUnderWay = false;
  let sentAt = -MIN_GAP_MS;
  let dueAt = Infinity;
  /** When the last report that arrived was made. */
  let since = steady();

  const write = (did: unknown[]): Record<string, unknown> => {
    const { script, rejection, resource, policy, frames, ticks } = counts;
    const { memory } = performance as { memory?: { usedJSHeapSize: number } };
    // Frames tell nothing of a page that nobody sees.
    const byFrame = !document.hidden;
    return {
      id: identity.id,
      secret: identity.secret,
      page: PAGE,
      n: (n += 1),
      site: SITE,
      agent: AGENT,
      path: location.pathname.slice(0, MAX_PATH),
      visible: byFrame,
      ms: Math.round(sentAt - since),
      frames: byFrame ? frames : ticks,
      by: byFrame ? 'frame' : 'timer',
      body: bodyShows(),
      errors: { script, rejection, resource, policy },
      // Left out of the JSON where nothing went wrong.
      sample: script + rejection + resource + policy > 0 ? lastSample() : undefined,
      view: [innerWidth, innerHeight, devicePixelRatio],
      heap: memory ? memory.usedJSHeapSize : null,
      data_age_s: dataAge(edge),
      did,
    };
  };

  /** The path that was opened: a single-page app may show another by now. */
  const opened = location.pathname;
  /** Where the page belongs. What has to wait is looked at again with the next answer, since the box may have gone back by then. */
  const move = ({ site, view, reload_spread_s }: Record<string, unknown>) => {
    const isOther = site && SITE && site !== SITE;
    const to = isOther ? String(site) : opened === '/' && isPath(view) && view !== '/' ? view : '';
    if (!to) return arrive();
    if (isLeaving() || !mayLeaveFor(to)) return;
    leave(isOther ? Math.random() * 1000 * (Number(reload_spread_s) || 0) : 0, isOther ? '' : to, () => rememberDeparture(to));
  };

  const follow = (answer: Record<string, unknown>) => {
    const code = String(answer.code || '');
    const name = ((answer.name || '') + ' ' + code).trim() || String(identity.id);
    if (answer.id) keepIdentity(answer.id, answer.secret);
    language = answer.language;
    every = 1000 * Number(answer.every_s) || EVERY_MS;
    showCard('code', code);
    keepAwake(answer.keep_awake === true);
    const orders = Array.isArray(answer.orders) ? answer.orders : [];
    orders.forEach((order) => carryOut(order, name, hurry));
    move(answer);
  };

  const send = () => {
    const did = reported();
    const sent = snapshot();
    const madeAt = steady();
    sentAt = madeAt;
    dueAt = madeAt + every;
    const body = write(did);
    isUnderWay = true;
    request('POST', '/_edge/screen', { body }, (xhr) => {
      const { status } = xhr;
      isUnderWay = false;
      if (status === 0) return;
      onAnswer();
      if (status === 429 || status >= 500) {
        dueAt = sentAt = steady() + 1000 * (Number(xhr.getResponseHeader('Retry-After')) || RETRY_AFTER_S);
        return;
      }
      // A report that was refused would be refused again.
      subtract(sent);
      since = madeAt;
      if (status !== 200) return;
      afterReport(did);
      follow(fields(parseJson(xhr.responseText)));
    });
  };

  const tick = () => {
    if (!isUnderWay && steady() >= dueAt) send();
  };
  const hurry = () => {
    dueAt = Math.min(dueAt, sentAt + MIN_GAP_MS);
    after(Math.max(0, dueAt - steady()), tick);
  };
  return { tick, hurry, language: () => language };
}
