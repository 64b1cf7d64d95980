import type { Machine, MachineState } from '../data/erp';
import type { Messages } from '../i18n';
import { Icon, type Shape } from './icons';
import { useTicking } from './tick';

const SHAPES: Record<MachineState, Shape> = {
  IN_USE: 'play',
  AVAILABLE: 'ring',
  MAINTENANCE: 'wrench',
  BROKEN: 'cross',
  UNKNOWN: 'unknown',
};
const WORST_FIRST: MachineState[] = ['BROKEN', 'MAINTENANCE', 'UNKNOWN', 'IN_USE', 'AVAILABLE'];
const COUNTED: MachineState[] = ['IN_USE', 'AVAILABLE', 'MAINTENANCE', 'BROKEN'];

export const PER_PAGE = 12;
const PAGE_MS = 8000;

/** All at once while they fit, each in its usual place; beyond that in turns, those in trouble first. */
export function pageOf(machines: Machine[], now: number): { page: number; pages: number; shown: Machine[] } {
  const pages = Math.max(1, Math.ceil(machines.length / PER_PAGE));
  if (pages === 1) return { page: 0, pages, shown: machines };
  const ordered = WORST_FIRST.reduce<Machine[]>(
    (list, state) => list.concat(machines.filter((machine) => machine.state === state)),
    [],
  );
  const page = Math.floor(now / PAGE_MS) % pages;
  return { page, pages, shown: ordered.slice(page * PER_PAGE, (page + 1) * PER_PAGE) };
}

export function Machines({ machines, words }: { machines: Machine[] | undefined; words: Messages }) {
  const list = machines || [];
  const page = useTicking((now) => pageOf(list, now).page);
  const { pages, shown } = pageOf(list, page * PAGE_MS);
  const dense = list.length > 8;
  return (
    <div class="card machines">
      <h2>
        {words.machines}
        {pages > 1 ? (
          <span class="aside">
            {' '}
            {page + 1}/{pages}
          </span>
        ) : null}
        <span class="counts">
          {COUNTED.map((state) => {
            const count = list.filter((machine) => machine.state === state).length;
            return count > 0 ? (
              <span key={state} class={'count state-' + state}>
                <Icon shape={SHAPES[state]} />
                {count}
              </span>
            ) : null;
          })}
        </span>
      </h2>
      {shown.length === 0 ? (
        <p class="nothing">{machines ? words.noMachines : words.waiting}</p>
      ) : (
        <div class={'tiles' + (dense ? ' dense' : '') + (pages > 1 ? ' full' : '')}>
          {shown.map((machine) => (
            <div key={machine.id} class={'tile state-' + machine.state} data-machine={machine.state}>
              <Icon shape={SHAPES[machine.state]} />
              <div class="tile-text">
                <p class="tile-name">{machine.name}</p>
                <p class="tile-state">{words.states[machine.state]}</p>
              </div>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
