import { useRef } from 'preact/hooks';
import { steady } from '../../../screen-agent/src/steady';
import type { Model } from '../data/model';
import { type Alert, type AlertCounts, SEVERITIES, type Severity } from '../data/parts';
import type { Messages } from '../i18n';
import { Age, emptyWord, useAge } from './Age';
import { Icon, type Shape } from './icons';
import { rem, scrolls, useMeasured } from './measure';
import { alertLines, alertPage, alertPlaces, PAGE_MS } from './pages';
import { useTicking } from './tick';

const SHAPES: Record<Severity, Shape> = { CRITICAL: 'stop', WARNING: 'triangle', INFO: 'info' };
/** Where the page scrolls there is room for as many as a person reads. */
const ON_A_PHONE = 30;
const LINES_ON_A_PHONE = 12;
/** How long a new one is lit up, if it is on another page at first. */
const NEW_MS = 20_000;

/** The box sends the worst alone of very many, and the ERP counts all of them. */
function countOf(severity: Severity, list: Alert[] | undefined, all: AlertCounts | undefined): number {
  const sent = list ? list.filter((alert) => alert.severity === severity).length : 0;
  // A summary of another moment counts no alerts into an empty list.
  return all && !(list && list.length === 0) ? Math.max(sent, all[severity]) : sent;
}

/** Which alerts have come since the list before. */
function useNew(list: Alert[] | undefined): (id: string) => boolean {
  const known = useRef<{ list: Alert[] | undefined; news: Record<string, boolean>; at: number }>({ list, news: {}, at: 0 });
  if (list !== known.current.list) {
    const before = known.current.list;
    const news: Record<string, boolean> = {};
    const ids: Record<string, boolean> = {};
    if (before) before.forEach(({ id }) => (ids[id] = true));
    if (before && list) list.forEach(({ id }) => (news[id] = !ids[id]));
    known.current = { list, news, at: steady() };
  }
  const { news, at } = known.current;
  return (id) => news[id] === true && steady() - at < NEW_MS;
}

export function Alerts({ model, words }: { model: Model; words: Messages }) {
  const alerts = model.picture.alerts?.value;
  const list = alerts || [];
  const age = useAge(model, 'alerts', words);
  const isNew = useNew(alerts);
  const box = useRef<HTMLDivElement>(null);
  const places = useMeasured(() => (scrolls() ? ON_A_PHONE : alertPlaces((box.current ? box.current.clientHeight : 0) / rem())));
  const room = places === null ? 1 : places;
  const page = useTicking((now) => alertPage(list, room, now).page);
  const { shown } = alertPage(list, room, page * PAGE_MS);
  const lines = room === ON_A_PHONE ? shown.map(() => LINES_ON_A_PHONE) : alertLines(shown, room);
  const counts = SEVERITIES.map((severity) => countOf(severity, alerts, model.picture.alert_summary?.value));
  const more = counts.reduce((sum, count) => sum + count, 0) - shown.length;
  return (
    <div class="card alerts">
      <h2>
        {words.alerts}
        <Age age={age} part="alerts" />
        {more > 0 && shown.length > 0 ? <span class="aside more"> {words.more(more)}</span> : null}
        <span class="counts">
          {SEVERITIES.map((severity, index) =>
            counts[index] ? (
              <span key={severity} class={'count severity-' + severity}>
                <Icon shape={SHAPES[severity]} />
                {counts[index]}
              </span>
            ) : null,
          )}
        </span>
      </h2>
      <div class="alert-list" ref={box}>
        {shown.length === 0 ? (
          <p class="nothing">
            {alerts ? <Icon shape="check" /> : null}
            {alerts ? words.noAlerts : emptyWord(model, words)}
          </p>
        ) : (
          shown.map((alert, index) => (
            <Entry key={alert.id} alert={alert} lines={lines[index] || 1} isNew={isNew(alert.id)} words={words} />
          ))
        )}
      </div>
    </div>
  );
}

interface EntryProps {
  alert: Alert;
  /** For the message, below the line of what it is about. */
  lines: number;
  isNew: boolean;
  words: Messages;
}

function Entry({ alert, lines, isNew, words }: EntryProps) {
  return (
    <div class={'alert severity-' + alert.severity + (isNew ? ' changed-0' : '')} data-alert={alert.severity}>
      <Icon shape={SHAPES[alert.severity]} />
      <div class="alert-text">
        <p class="alert-head">
          <span class="alert-subject">{alert.subject}</span>
          <span class="alert-word">{words.severities[alert.severity]}</span>
        </p>
        {alert.message ? (
          <p class={'alert-message' + (lines > 1 ? ' lines' : '')} style={lines > 1 ? { WebkitLineClamp: String(lines) } : undefined}>
            {alert.message}
          </p>
        ) : null}
      </div>
    </div>
  );
}
