import type { Alert, Severity } from '../data/erp';
import type { Messages } from '../i18n';
import { Icon, type Shape } from './icons';
import { alertPage, alertRoom, PAGE_MS } from './pages';
import { useTicking } from './tick';

const SHAPES: Record<Severity, Shape> = { CRITICAL: 'stop', WARNING: 'triangle', INFO: 'info' };

interface Props {
  alerts: Alert[] | undefined;
  machineCount: number;
  words: Messages;
}

export function Alerts({ alerts, machineCount, words }: Props) {
  const list = alerts || [];
  const room = alertRoom(machineCount);
  const page = useTicking((now) => alertPage(list, room, now).page);
  const { shown } = alertPage(list, room, page * PAGE_MS);
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
      {shown.length === 0 ? (
        <p class="nothing">
          {alerts ? <Icon shape="check" /> : null}
          {alerts ? words.noAlerts : words.waiting}
        </p>
      ) : (
        shown.map((alert) => (
          <div key={alert.id} class={'alert severity-' + alert.severity} data-alert={alert.severity}>
            <Icon shape={SHAPES[alert.severity]} />
            <span class="alert-word">{words.severities[alert.severity]}</span>
            <span class="alert-title">{alert.title}</span>
          </div>
        ))
      )}
    </div>
  );
}
