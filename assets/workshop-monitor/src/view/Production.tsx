import type { Picture } from '../data/model';
import type { Messages } from '../i18n';
import type { Settings } from '../settings';
import { brief, oneDecimal, whole } from '../text/numbers';
import { Icon } from './icons';

interface Props {
  picture: Picture;
  targets: Settings['targets'];
  words: Messages;
}

export function Production({ picture, targets, words }: Props) {
  const produced = picture.produced ? picture.produced.value.completed : null;
  const share = produced !== null && targets.daily > 0 ? Math.min(100, (produced / targets.daily) * 100) : 0;
  const rejects = picture.quality ? picture.quality.value.rejectPercent : null;
  const within = rejects !== null && rejects <= targets.rejectPercent;
  const orders = picture.orders ? picture.orders.value : null;
  const most = orders ? Math.max(orders.inProgress || 0, orders.completed || 0) : 0;
  const long = whole(produced, words).length + whole(targets.daily, words).length > 7;
  return (
    <div class="row">
      <div class="card produced">
        <h2>{words.producedToday}</h2>
        <p class={'figure' + (long ? ' long' : '')}>
          <span class="big" data-value="produced">
            {whole(produced, words)}
          </span>
          <span class="of"> / {whole(targets.daily, words)}</span>
        </p>
        <div class="bar thick">
          <div class="bar-fill" style={{ width: share + '%' }} />
        </div>
      </div>
      <div class="card rejects">
        <h2>{words.rejects}</h2>
        <p class={'figure' + (rejects !== null && rejects >= 10 ? ' long' : '')}>
          <span class="big" data-value="rejects">
            {rejects !== null && rejects >= 100 ? whole(rejects, words) : oneDecimal(rejects, words)}
          </span>
          <span class="of"> %</span>
        </p>
        <p class={'verdict' + (rejects === null ? '' : within ? ' good' : ' bad')}>
          {rejects === null ? null : <Icon shape={within ? 'check' : 'triangle'} />}
          <span>
            {words.rejectsLimit} {brief(targets.rejectPercent, words)} %
          </span>
        </p>
      </div>
      <div class={'card orders' + (most > 999 ? ' crowded' : '')}>
        <h2>{words.orders}</h2>
        <p class="order-row">
          <span class="order-count" data-value="in-progress">
            {whole(orders ? orders.inProgress : null, words)}
          </span>
          <span class="order-word">{words.ordersInProgress}</span>
        </p>
        <p class="order-row">
          <span class="order-count" data-value="completed">
            {whole(orders ? orders.completed : null, words)}
          </span>
          <span class="order-word">{words.ordersCompleted}</span>
        </p>
      </div>
    </div>
  );
}
