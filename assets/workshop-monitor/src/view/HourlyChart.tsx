import { useRef } from 'preact/hooks';
import { hourBars } from '../data/hours';
import type { Model } from '../data/model';
import type { Messages } from '../i18n';
import { shiftHours } from '../settings';
import { barFigures } from '../text/figures';
import { brief, oneDecimal } from '../text/numbers';
import { Age, useAge } from './Age';
import { measure, rem, useMeasured } from './measure';

const percent = (share: number) => Math.round(share * 1000) / 10 + '%';
/** The place of a text around the middle of a column, as wide as the columns that have no text of their own leave it. */
const around = (index: number, every: number, count: number) => ({
  left: percent((index + 0.5 - every / 2) / count),
  width: percent(every / count),
});

/** Completed orders by hour: past hours that met the target, those that did not, and the running one. */
export function HourlyChart({ model, words }: { model: Model; words: Messages }) {
  const { settings, picture } = model;
  const hours = shiftHours(settings.shift);
  const { bars, isPartial } = hourBars(picture.counts?.value, hours);
  const target = settings.targets.daily / hours.length;
  const age = useAge(model, 'counts', words);

  const box = useRef<HTMLDivElement>(null);
  const width = useMeasured(() => (box.current ? box.current.clientWidth / rem() : 0));
  const slot = (width || 40) / bars.length;
  const texts = bars.map(({ made, gap }) => (made === null ? (gap ? '?' : '') : String(made)));
  const every = barFigures(texts, slot, measure);
  const hourEvery = barFigures(bars.map(({ hour }) => String(hour)), slot, measure);
  const top = Math.max(1, target, ...bars.map(({ made }) => made || 0));
  // Those that are left out are counted from the newest, which is always there.
  const last = texts.reduce((newest, text, index) => (text === '' ? newest : index), 0);
  const shade = ({ made, current }: { made: number | null; current: boolean }) =>
    current ? ' current' : (made || 0) >= target ? ' met' : ' below';

  const spoken = bars.map((bar) => bar.hour + ' h: ' + (bar.made === null ? (bar.gap ? '?' : '–') : bar.made + (bar.gap ? '?' : '')));
  return (
    <div class="card hourly">
      <h2>
        {words.hourly}
        <span class="aside">
          {' '}
          {words.goal} {target < 10 && target % 1 !== 0 ? oneDecimal(target, words) : brief(Math.round(target), words)}
          {words.perHour}
        </span>
        {age ? <Age age={age} part="counts" /> : isPartial ? <span class="partial">{words.observedInPart}</span> : null}
      </h2>
      <div class="chart" ref={box} role="img" aria-label={spoken.join(', ')}>
        <div class="plot">
          {bars.map((bar, index) => (
            <div key={bar.hour} class="hour" style={{ left: percent(index / bars.length), width: percent(1 / bars.length) }}>
              {bar.made === null && !bar.gap ? null : (
                <div
                  class={'hour-bar' + shade(bar) + (bar.gap ? ' gap' : '')}
                  data-hour={bar.hour}
                  style={{ height: bar.made === null ? '100%' : percent(bar.made / top) }}
                />
              )}
            </div>
          ))}
          {target > 0 ? <div class="target-line" style={{ bottom: percent(target / top) }} /> : null}
          {bars.map((bar, index) =>
            texts[index] === '' || (last - index) % every !== 0 ? null : (
              <span
                key={bar.hour}
                class="hour-figure"
                style={{
                  ...around(index, every, bars.length),
                  bottom: percent((bar.made || 0) / top),
                }}
              >
                <span>{texts[index]}</span>
              </span>
            ),
          )}
        </div>
        {bars.map((bar, index) =>
          index % hourEvery === 0 ? (
            <span key={bar.hour} class="hour-name" style={around(index, hourEvery, bars.length)}>
              {bar.hour}
            </span>
          ) : null,
        )}
      </div>
    </div>
  );
}
