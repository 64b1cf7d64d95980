import { fields, parseJson } from './json';
import { request } from './request';
import { createStreamReader } from './sse';
import { steady } from './steady';

/**
 * The channel on which the box sends what it knows: a stream of events over `/_edge/live`, or, where something on the way
 * holds streams back, one long question after another over `/_edge/live.json`.
 *
 * The stream is read with XMLHttpRequest. EventSource hides the comments that a quiet box sends as a sign of life, so
 * that a quiet box and a dead one would look the same; and it loses its place when an answer is an error.
 */
export interface Channel {
  /** Opens it anew, for everything that the box knows. */
  restart(): void;
  stop(): void;
}

export interface ChannelListener {
  /** A byte came: the box is there. */
  onLife(): void;
  /** What changed, or everything: `isWhole` when nothing that was known before counts any longer. */
  onNews(news: unknown, isWhole: boolean): void;
}

const STREAM = '/_edge/live';
const QUESTION = '/_edge/live.json';
/** A box answers at once with everything, and gives a sign of life every 15 s. */
const FIRST_BYTE_MS = 10_000;
const SILENCE_MS = 40_000;
/** The box holds a question for 25 s. */
const QUESTION_MS = 40_000;
/** Whoever answers sooner that nothing has changed does not hold questions. */
const HELD_MS = 1000;
/** How long questions go on before the stream is tried again. */
const QUESTIONS_MS = 600_000;
/** A request keeps all of its text; the next one goes on where it was, after the event that passes this. */
const MAX_STREAM = 512 * 1024;
const RETRY_MS = 2000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

/** `page`: for whom the box holds it open; `onCall`: the box wants a report of that page. */
export function startChannel({ onLife, onNews }: ChannelListener, page?: string, onCall?: () => void): Channel {
  let id = '';
  let cancel: () => void;
  let timer = 0;
  let retry = RETRY_MS;
  let failures = 0;
  /** Until when questions are asked instead, once a question has been answered where the stream was silent. */
  let askUntil = -1;
  let heardAt = steady();

  /**
   * Whether the box was last heard so long ago that everything is wanted anew: what did not change meanwhile may have
   * expired here, and where the TV's clock was set, or the TV slept, the ages are no longer what the box said.
   */
  const hasLapsed = (): boolean => {
    const now = steady();
    const lapsed = now - heardAt > SILENCE_MS;
    heardAt = now;
    if (lapsed) id = '';
    return lapsed;
  };

  const news = (text: string, newId: string) => {
    const parsed = parseJson(text);
    if (parsed === undefined || newId === '') return;
    // `<start of the box>-<version>`: another start knows nothing of the changes before it.
    const isWhole = newId.split('-')[0] !== id.split('-')[0];
    id = newId;
    failures = 0;
    onNews(parsed, isWhole);
  };

  /** Waits longer with each failure, and not as long as the other TVs in the room. */
  const later = (next: () => void) => {
    const wait = Math.min(MAX_RETRY_MS, retry * Math.pow(2, Math.min(failures, 5)));
    failures += 1;
    timer = window.setTimeout(next, wait * (0.6 + 0.4 * Math.random()));
  };
  const open = () => {
    if (steady() < askUntil) ask();
    else stream();
  };

  const stream = () => {
    hasLapsed();
    const xhr = new XMLHttpRequest();
    let seen = 0;
    let over = false;
    let silence = 0;
    cancel = () => {
      over = true;
      window.clearTimeout(silence);
      xhr.abort();
    };
    const end = (next: () => void) => {
      if (over) return;
      cancel();
      next();
    };
    const expect = (ms: number) => {
      window.clearTimeout(silence);
      silence = window.setTimeout(() => end(ask), ms);
    };
    const reader = createStreamReader(
      (event) => {
        if (over) return;
        if (!event.name) news(event.data, event.id);
        else if (event.name === 'call' && onCall) onCall();
      },
      (ms) => (retry = Math.max(MIN_RETRY_MS, Math.min(MAX_RETRY_MS, ms))),
    );
    const take = () => {
      if (over || xhr.readyState < 3 || xhr.status !== 200) return;
      const text = xhr.responseText;
      if (text.length === seen) return;
      const arrived = text.slice(seen);
      seen = text.length;
      if (hasLapsed()) return end(open);
      expect(SILENCE_MS);
      onLife();
      const isBetweenEvents = reader.take(arrived);
      if (seen > MAX_STREAM && isBetweenEvents) end(open);
    };
    try {
      xhr.open('GET', STREAM + (page ? '?page=' + page : ''));
      xhr.setRequestHeader('Accept', 'text/event-stream');
      if (id) xhr.setRequestHeader('Last-Event-ID', id);
      xhr.onprogress = take;
      xhr.onreadystatechange = take;
      xhr.onloadend = () => {
        take();
        end(() => later(open));
      };
      xhr.send();
      expect(FIRST_BYTE_MS);
    } catch {
      end(() => later(open));
    }
  };

  /** The first question names no version: it is answered at once. */
  const ask = (known?: string) => {
    const since = hasLapsed() ? undefined : known;
    const asked = steady();
    let over = false;
    cancel = () => {
      over = true;
      xhr.abort();
    };
    const query = (page ? '&page=' + page : '') + (since ? '&since=' + encodeURIComponent(since) : '');
    const deadlineMs = since ? QUESTION_MS : FIRST_BYTE_MS;
    const xhr = request('GET', QUESTION + query.replace('&', '?'), { deadlineMs }, ({ status, responseText }) => {
      if (over) return;
      const { id: answered } = fields(status === 200 && parseJson(responseText));
      if (typeof answered !== 'string' || answered === '') {
        askUntil = -1;
        return later(open);
      }
      if (hasLapsed()) return ask();
      onLife();
      if (answered !== since) news(responseText, answered);
      // Whoever was told may have stopped it.
      if (over) return;
      if (!since) askUntil = steady() + QUESTIONS_MS;
      if (steady() >= askUntil) stream();
      else if (answered === since && steady() - asked < HELD_MS) later(() => ask(answered));
      else ask(answered);
    });
  };

  const stop = () => {
    window.clearTimeout(timer);
    cancel();
  };
  open();
  return {
    restart() {
      stop();
      id = '';
      open();
    },
    stop,
  };
}
