import { useRef } from 'preact/hooks';
import type { Alert, Severity } from '../data/erp';
import type { Messages } from '../i18n';
import { Icon, type Shape } from './icons';
import { rem, scrolls, useMeasured } from './measure';
import { alertLines, alertPage, alertPlaces, PAGE_MS } from './pages';
import { useTicking } from './tick';

const SHAPES: Record<Severity, Shape> = { CRITICAL: 'stop', WARNING: 'triangle', INFO: 'info' };
/** Where the page scrolls there is room for as many as a person reads. */
const ON_A_PHONE = 30;
const LINES_ON_A_PHONE = 12;

interface Props {
  alerts: Alert[] | undefined;
  words: Messages;
}

export function Alerts({ alerts, words }: Props) {
  const list = alerts || [];
  const box = useRef<HTMLDivElement>(null);
  const places = useMeasured(() =>
    scrolls() ? ON_A_PHONE : alertPlaces((box.current ? box.current.clientHeight : 0) / rem()),
  );
  const room = places === null ? 1 : places;
  const page = useTicking((now) => alertPage(list, room, now).page);
  const { shown } = alertPage(list, room, page * PAGE_MS);
  const lines = room === ON_A_PHONE ? shown.map(() => LINES_ON_A_PHONE) : alertLines(shown, room);
  const more = list.length - shown.length;
  return (
    <div class="card alerts">
      <h2>
        {words.alerts}
        {more > 0 ? <span class="aside more"> {words.more(more)}</span> : null}
        <span class="counts">
          {(Object.keys(SHAPES) as Severity[]).map((severity) => {
            const count = list.filter((alert) => alert.severity === severity).length;
            return count > 0 ? (
              <span key={severity} class={'count severity-' + severity}>
                <Icon shape={SHAPES[severity]} />
                {count}
              </span>
            ) : null;
          })}
        </span>
      </h2>
      <div class="alert-list" ref={box}>
        {shown.length === 0 ? (
          <p class="nothing">
            {alerts ? <Icon shape="check" /> : null}
            {alerts ? words.noAlerts : words.waiting}
          </p>
        ) : (
          shown.map((alert, index) => (
            <Entry key={alert.id} alert={alert} lines={lines[index] || 1} words={words} />
          ))
        )}
      </div>
    </div>
  );
}

function Entry({ alert, lines, words }: { alert: Alert; lines: number; words: Messages }) {
  return (
    <div class={'alert severity-' + alert.severity} data-alert={alert.severity}>
      <Icon shape={SHAPES[alert.severity]} />
      <span class="alert-word">{words.severities[alert.severity]}</span>
      <span class={'alert-title' + (lines > 1 ? ' lines' : '')} style={lines > 1 ? { WebkitLineClamp: String(lines) } : undefined}>
        {alert.title}
        {alert.severity === 'CRITICAL' && lines > 1 && alert.message ? ' — ' + alert.message : null}
      </span>
    </div>
  );
}
