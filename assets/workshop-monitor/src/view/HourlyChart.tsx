import { useEffect, useRef } from 'preact/hooks';
import { hourBars, type Hourly } from '../data/hourly';
import type { Messages } from '../i18n';
import { shiftHours, type Settings } from '../settings';
import { brief, oneDecimal } from '../text/numbers';
import { drawChart, type Chart, type ChartView } from './chart';
import { useTicking } from './tick';

interface Props {
  hourly: Hourly;
  settings: Settings;
  words: Messages;
}

export function HourlyChart({ hourly, settings, words }: Props) {
  const hours = shiftHours(settings.shift);
  // The turn of an hour changes the picture even when no new data comes.
  const hourNow = useTicking((now) => Math.floor(now / 3_600_000));
  const { bars, partial } = hourBars(hourly, hours, Date.now());
  const target = settings.targets.daily / hours.length;
  const view: ChartView = { bars, target };
  const key = JSON.stringify(view);

  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  useEffect(() => {
    if (!box.current) return;
    const drawn = drawChart(box.current);
    chart.current = drawn;
    return () => {
      chart.current = null;
      drawn.destroy();
    };
  }, []);
  useEffect(() => {
    chart.current?.show(view);
  }, [key, hourNow]);

  const spoken = bars.map((bar) => bar.hour + ' h: ' + (bar.made === null ? (bar.unseen ? '?' : '–') : bar.made)).join(', ');
  return (
    <div class="card hourly">
      <h2>
        {words.hourly}
        <span class="aside">
          {' '}
          {words.goal} {target < 10 && target % 1 !== 0 ? oneDecimal(target, words) : brief(Math.round(target), words)}
          {words.perHour}
        </span>
        {partial ? <span class="partial">{words.observedInPart}</span> : null}
      </h2>
      <div class="chart" ref={box} role="img" aria-label={spoken} />
    </div>
  );
}
