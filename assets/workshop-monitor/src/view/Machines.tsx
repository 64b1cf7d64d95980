import { useMemo, useRef } from 'preact/hooks';
import type { Model } from '../data/model';
import type { Machine, MachineState } from '../data/parts';
import type { Messages } from '../i18n';
import { breakLines, tellApart } from '../text/names';
import { Age, emptyWord, useAge } from './Age';
import { useChanged } from './changed';
import { Fit } from './Fit';
import { Icon, type Shape } from './icons';
import { measure, rem, scrolls, useMeasured } from './measure';
import { DENSE_FROM, machinePage, MACHINES_PER_PAGE, PAGE_MS, TALL_PER_PAGE } from './pages';
import { useTicking } from './tick';

const SHAPES: Record<MachineState, Shape> = {
  IN_USE: 'play',
  AVAILABLE: 'ring',
  MAINTENANCE: 'wrench',
  BROKEN: 'cross',
  UNKNOWN: 'unknown',
};
const STATES = Object.keys(SHAPES) as MachineState[];

/** Sizes of the names in rem, as the style sheet has them. */
const NAME = 1.65;
const SMALL_NAME = 1.45;

/** The lines that each machine's name is shown in, and whether any needs two. */
function arrange(list: Machine[], lineRem: number): { lines: string[][]; isTall: boolean } {
  const within = (size: number, most: number) => (text: string) =>
    breakLines(text, lineRem / size, most, measure) !== undefined;
  const inOne = tellApart(list, () => true);
  if (inOne.every(within(list.length < DENSE_FROM ? NAME : SMALL_NAME, 1))) {
    return { lines: inOne.map((name) => [name]), isTall: false };
  }
  const names = tellApart(list, within(SMALL_NAME, 2));
  return { lines: names.map((name) => breakLines(name, lineRem / SMALL_NAME, 2, measure) || [name]), isTall: true };
}

/** The room for a line of a name, in rem. */
function lineRoom(box: HTMLElement | null): number {
  const text = box && box.querySelector('.tile-text');
  if (!text) return 0;
  // Somewhat less than there is: what is measured letter by letter and what is drawn differ by fractions.
  return (text.clientWidth - parseFloat(window.getComputedStyle(text).paddingRight)) / rem() - 0.1;
}

export function Machines({ model, words }: { model: Model; words: Messages }) {
  const machines = model.picture.machines?.value;
  const list = machines || [];
  const age = useAge(model, 'machines', words);
  const box = useRef<HTMLDivElement>(null);
  const lineRem = useMeasured(() => lineRoom(box.current));
  // Many names take a TV long to measure, and their states change all the time.
  const { lines, isTall } = useMemo(
    () => (lineRem ? arrange(list, lineRem) : { lines: list.map((machine) => [machine.name]), isTall: false }),
    [JSON.stringify(list.map(({ name, code }) => [name, code])), lineRem],
  );
  const perPage = lineRem !== null && scrolls() ? Infinity : isTall ? TALL_PER_PAGE : MACHINES_PER_PAGE;
  const page = useTicking((now) => machinePage(list, perPage, now).page);
  const { pages, shown } = machinePage(list, perPage, page * PAGE_MS);
  const shape = isTall ? ' tall' : list.length >= DENSE_FROM ? ' dense' : '';
  return (
    <div class="card machines" ref={box}>
      <h2>
        {words.machines}
        <Age age={age} part="machines" />
        {pages > 1 ? (
          <span class="aside">
            {' '}
            {page + 1}/{pages}
          </span>
        ) : null}
        <span class="counts">
          {STATES.map((state) => {
            const count = list.filter((machine) => machine.state === state).length;
            return count > 0 ? (
              <span key={state} class={'count state-' + state} data-count={state}>
                <Icon shape={SHAPES[state]} />
                {count}
              </span>
            ) : null;
          })}
        </span>
      </h2>
      {shown.length === 0 ? (
        <p class="nothing">{machines ? words.noMachines : emptyWord(model, words)}</p>
      ) : (
        <div class={'tiles' + shape + (pages > 1 ? ' full' : '')}>
          {shown.map((machine) => (
            <Tile key={machine.id} machine={machine} lines={lines[list.indexOf(machine)] || []} words={words} />
          ))}
        </div>
      )}
    </div>
  );
}

function Tile({ machine, lines, words }: { machine: Machine; lines: string[]; words: Messages }) {
  const { state } = machine;
  const changed = useChanged(state);
  return (
    <div class={'tile state-' + state + changed} data-machine={state}>
      <div class="lamp">
        <Icon shape={SHAPES[state]} />
      </div>
      <div class="tile-text">
        <p class="tile-name">
          {lines.map((line, index) => (
            <span key={index} class="tile-line">
              {index > 0 ? ' ' + line : line}
            </span>
          ))}
        </p>
        <Fit class="tile-state">{words.states[state]}</Fit>
      </div>
    </div>
  );
}
