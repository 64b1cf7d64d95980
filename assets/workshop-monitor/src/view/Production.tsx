import { hourBars } from '../data/hours';
import type { Model } from '../data/model';
import type { Messages } from '../i18n';
import { dayStart, shiftHours } from '../settings';
import { brief, oneDecimal, whole } from '../text/numbers';
import { Age, useAge } from './Age';
import { Figure } from './Figure';
import { Fit } from './Fit';
import { Icon } from './icons';

/** What the ERP counts are orders; it knows of no pieces. */
export function Production({ model, words }: { model: Model; words: Messages }) {
  const { picture, settings } = model;
  const { targets, shift } = settings;
  const counts = picture.counts?.value;
  const produced = counts ? counts.completed : null;
  const { isPartial } = hourBars(counts, shiftHours(shift));
  const countsAge = useAge(model, 'counts', words);
  const ordersAge = useAge(model, 'order_stats', words);
  const qualityAge = useAge(model, 'quality_stats', words);
  const share = produced !== null && targets.daily > 0 ? Math.min(100, (produced / targets.daily) * 100) : 0;
  const rejects = picture.quality_stats ? picture.quality_stats.value.rejectPercent : null;
  const within = rejects !== null && rejects <= targets.rejectPercent;
  const orders = picture.order_stats ? picture.order_stats.value : null;
  const most = orders ? Math.max(orders.inProgress || 0, orders.completed || 0) : 0;
  return (
    <div class="row">
      <div class="card produced">
        <Fit as="h2" class="row-title">
          {dayStart(shift) === 0 ? words.ordersToday : words.ordersInShift}
          {countsAge ? (
            <Age age={countsAge} part="counts" />
          ) : isPartial ? (
            <span class="partial">{words.inPart}</span>
          ) : null}
        </Fit>
        <Fit class="figure">
          <Figure class="big" value="produced" text={whole(produced, words)} />
          <span class="of"> / {whole(targets.daily, words)}</span>
        </Fit>
        <div class="bar thick">
          <div class="bar-fill" style={{ width: share + '%' }} />
        </div>
      </div>
      <div class="card rejects">
        <h2>{words.rejects}</h2>
        <Fit class="figure">
          <Figure
            class="big"
            value="rejects"
            text={rejects !== null && rejects >= 100 ? whole(rejects, words) : oneDecimal(rejects, words)}
          />
          <span class="of"> %</span>
        </Fit>
        {qualityAge ? (
          <Fit class="verdict">
            <Age age={qualityAge} part="quality_stats" />
          </Fit>
        ) : (
          <Fit class={'verdict' + (rejects === null ? '' : within ? ' good' : ' bad')}>
            {rejects === null ? null : <Icon shape={within ? 'check' : 'triangle'} />}
            <span>
              {words.rejectsLimit} {brief(targets.rejectPercent, words)} %
            </span>
          </Fit>
        )}
      </div>
      <div class={'card orders' + (most > 999 ? ' crowded' : '')}>
        <Fit as="h2" class="row-title">
          {words.orders}
          <Age age={ordersAge} part="order_stats" />
        </Fit>
        <Fit class="order-row">
          <Figure class="order-count" value="in-progress" text={whole(orders ? orders.inProgress : null, words)} />
          <span class="order-word">{words.ordersInProgress}</span>
        </Fit>
        <Fit class="order-row">
          <Figure class="order-count" value="completed" text={whole(orders ? orders.completed : null, words)} />
          <span class="order-word">{words.ordersCompleted}</span>
        </Fit>
      </div>
    </div>
  );
}
