import uPlot from 'uplot';
import type { HourBar } from '../data/hourly';
import { barFigures } from '../text/figures';
import { family, measure, rem } from './measure';

/** uPlot draws the bars; the target line and the figures over the bars are drawn into the same canvas. */
export interface ChartView {
  bars: HourBar[];
  target: number;
}
export interface Chart {
  show(view: ChartView): void;
  destroy(): void;
}

const MET = '#34d399';
const BELOW = '#fbbf24';
const CURRENT = '#7dd3fc';
const TEXT = '#e8eef4';
const LINE = '#ffffff';

/** Past hours that met the target, those that did not, and the running one, each in a series of its own. */
function series({ bars, target }: ChartView): uPlot.AlignedData {
  const value = (wanted: (bar: HourBar) => boolean) =>
    bars.map((bar) => (bar.made !== null && wanted(bar) ? bar.made : null));
  return [
    bars.map((_, index) => index),
    value((bar) => !bar.current && (bar.made || 0) >= target),
    value((bar) => !bar.current && (bar.made || 0) < target),
    value((bar) => bar.current),
  ];
}

/** Height of the hours below the bars, and of the figures over them, in rem. */
const HOURS = 2.1;
const HEAD = 1.9;

function top({ bars, target }: ChartView, heightRem: number): number {
  const room = Math.max(HEAD * 2, heightRem - HOURS);
  return (Math.max(1, target, ...bars.map((bar) => bar.made || 0)) * room) / (room - HEAD);
}

function figures(plot: uPlot, view: ChartView): void {
  const { ctx, bbox } = plot;
  const unit = rem() * uPlot.pxRatio;
  ctx.save();
  const y = plot.valToPos(view.target, 'y', true);
  ctx.strokeStyle = LINE;
  ctx.lineWidth = Math.max(2, unit * 0.12);
  ctx.setLineDash([unit * 0.6, unit * 0.4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();

  const texts = view.bars.map((bar) => (bar.made === null ? (bar.unseen ? '?' : '') : String(bar.made)));
  const { size, every } = barFigures(texts, bbox.width / (unit * view.bars.length), measure);
  ctx.font = 'bold ' + unit * size + 'px ' + family();
  ctx.textAlign = 'center';
  ctx.textBaseline = 'bottom';
  const last = texts.reduce((newest, text, index) => (text === '' ? newest : index), 0);
  view.bars.forEach((bar, index) => {
    const text = texts[index] || '';
    // Those that are left out are counted from the newest, which is always there.
    if (text === '' || (last - index) % every !== 0) return;
    const x = plot.valToPos(index, 'x', true);
    const over = plot.valToPos(bar.made || 0, 'y', true) - unit * 0.15;
    // A dark halo keeps a figure readable where the target line passes through it.
    ctx.setLineDash([]);
    ctx.lineWidth = unit * 0.4;
    ctx.lineJoin = 'round';
    ctx.strokeStyle = '#141b24';
    ctx.strokeText(text, x, over);
    ctx.fillStyle = TEXT;
    ctx.fillText(text, x, over);
  });
  ctx.restore();
}

export function drawChart(box: HTMLElement): Chart {
  let plot: uPlot | null = null;
  let view: ChartView | null = null;
  let timer = 0;

  const build = () => {
    if (!view || box.clientWidth === 0 || box.clientHeight === 0) return;
    if (plot) plot.destroy();
    const unit = rem();
    const shown = view;
    const bar = (fill: string): uPlot.Series => ({
      fill,
      stroke: fill,
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars?.({ size: [0.72, Infinity], align: 0 }) as uPlot.Series.PathBuilder,
    });
    const every = Math.ceil(shown.bars.length / Math.max(4, Math.floor(box.clientWidth / (unit * 3.4))));
    plot = new uPlot(
      {
        width: box.clientWidth,
        height: box.clientHeight,
        legend: { show: false },
        cursor: { show: false },
        select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        padding: [0, 0, 0, 0],
        scales: {
          x: { time: false, range: () => [-0.6, (view || shown).bars.length - 0.4] },
          y: { range: () => [0, top(view || shown, box.clientHeight / unit)] },
        },
        axes: [
          {
            stroke: TEXT,
            font: unit * 1.4 + 'px ' + family(),
            size: unit * HOURS,
            gap: unit * 0.3,
            grid: { show: false },
            ticks: { show: false },
            splits: () => (view || shown).bars.map((_, index) => index).filter((index) => index % every === 0),
            values: (_, splits) => splits.map((index) => String((view || shown).bars[index]?.hour ?? '')),
          },
          { show: false },
        ],
        series: [{}, bar(MET), bar(BELOW), bar(CURRENT)],
        hooks: { draw: [(drawn) => figures(drawn, view || shown)] },
      },
      series(shown),
      box,
    );
  };

  // Turned round, or the TV's browser hid its address bar: sizes in the canvas hang on the root's font size.
  const resized = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(build, 200);
  };
  window.addEventListener('resize', resized);

  return {
    show(next) {
      const before = view;
      view = next;
      if (!plot || !before || before.bars.length !== next.bars.length) build();
      else plot.setData(series(next));
    },
    destroy() {
      window.removeEventListener('resize', resized);
      window.clearTimeout(timer);
      if (plot) plot.destroy();
      plot = null;
    },
  };
}
