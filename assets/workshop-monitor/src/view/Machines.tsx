import type { Machine, MachineState } from '../data/erp';
import type { Messages } from '../i18n';
import { Icon, type Shape } from './icons';
import { DENSE_FROM, machinePage, PAGE_MS } from './pages';
import { useTicking } from './tick';

const SHAPES: Record<MachineState, Shape> = {
  IN_USE: 'play',
  AVAILABLE: 'ring',
  MAINTENANCE: 'wrench',
  BROKEN: 'cross',
  UNKNOWN: 'unknown',
};
const COUNTED: MachineState[] = ['IN_USE', 'AVAILABLE', 'MAINTENANCE', 'BROKEN'];

export function Machines({ machines, words }: { machines: Machine[] | undefined; words: Messages }) {
  const list = machines || [];
  const page = useTicking((now) => machinePage(list, now).page);
  const { pages, shown } = machinePage(list, page * PAGE_MS);
  const dense = list.length >= DENSE_FROM;
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
              <div class="lamp">
                <Icon shape={SHAPES[machine.state]} />
              </div>
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
