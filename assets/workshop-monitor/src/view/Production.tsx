import { hourBars, madeInDay } from '../data/hourly';
import { sourceOf, type Model } from '../data/model';
import type { Messages } from '../i18n';
import { dayStart, shiftHours } from '../settings';
import { brief, oneDecimal, whole } from '../text/numbers';
import { Fit } from './Fit';
import { Icon } from './icons';

/** What is held against the day's target. The ERP's day ends at midnight: where the shift does not, it is counted here. */
function producedInDay({ picture, hourly, settings }: Model): { count: number | null; isPartial: boolean } {
  const today = picture.produced ? picture.produced.value.completed : null;
  if (today === null || sourceOf(settings) === 'demo' || dayStart(settings.shift) === 0) {
    return { count: today, isPartial: false };
  }
  return {
    count: madeInDay(hourly),
    isPartial: hourBars(hourly, shiftHours(settings.shift), Date.now()).partial,
  };
}

export function Production({ model, words }: { model: Model; words: Messages }) {
  const { picture, settings } = model;
  const { targets } = settings;
  const { count: produced, isPartial } = producedInDay(model);
  const share = produced !== null && targets.daily > 0 ? Math.min(100, (produced / targets.daily) * 100) : 0;
  const rejects = picture.quality ? picture.quality.value.rejectPercent : null;
  const within = rejects !== null && rejects <= targets.rejectPercent;
  const orders = picture.orders ? picture.orders.value : null;
  const most = orders ? Math.max(orders.inProgress || 0, orders.completed || 0) : 0;
  return (
    <div class="row">
      <div class="card produced">
        <h2>
          {dayStart(settings.shift) === 0 ? words.producedToday : words.producedInShift}
          {isPartial ? <span class="partial">{words.inPart}</span> : null}
        </h2>
        <Fit class="figure">
          <span class="big" data-value="produced">
            {whole(produced, words)}
          </span>
          <span class="of"> / {whole(targets.daily, words)}</span>
        </Fit>
        <div class="bar thick">
          <div class="bar-fill" style={{ width: share + '%' }} />
        </div>
      </div>
      <div class="card rejects">
        <h2>{words.rejects}</h2>
        <Fit class="figure">
          <span class="big" data-value="rejects">
            {rejects !== null && rejects >= 100 ? whole(rejects, words) : oneDecimal(rejects, words)}
          </span>
          <span class="of"> %</span>
        </Fit>
        <Fit class={'verdict' + (rejects === null ? '' : within ? ' good' : ' bad')}>
          {rejects === null ? null : <Icon shape={within ? 'check' : 'triangle'} />}
          <span>
            {words.rejectsLimit} {brief(targets.rejectPercent, words)} %
          </span>
        </Fit>
      </div>
      <div class={'card orders' + (most > 999 ? ' crowded' : '')}>
        <h2>{words.orders}</h2>
        <Fit class="order-row">
          <span class="order-count" data-value="in-progress">
            {whole(orders ? orders.inProgress : null, words)}
          </span>
          <span class="order-word">{words.ordersInProgress}</span>
        </Fit>
        <Fit class="order-row">
          <span class="order-count" data-value="completed">
            {whole(orders ? orders.completed : null, words)}
          </span>
          <span class="order-word">{words.ordersCompleted}</span>
        </Fit>
      </div>
    </div>
  );
}
