import type { Alert, Machine, MachineState } from '../data/erp';

/** What is shown of more than fits: in turns, and the worst always first. */
export const PAGE_MS = 8000;
export const MACHINES_PER_PAGE = 12;
export const DENSE_FROM = 9;

const WORST_FIRST: MachineState[] = ['BROKEN', 'MAINTENANCE', 'UNKNOWN', 'IN_USE', 'AVAILABLE'];

/** All at once while they fit, each in its usual place; beyond that in turns, those in trouble first. */
export function machinePage(machines: Machine[], now: number): { page: number; pages: number; shown: Machine[] } {
  const pages = Math.max(1, Math.ceil(machines.length / MACHINES_PER_PAGE));
  if (pages === 1) return { page: 0, pages, shown: machines };
  const ordered = WORST_FIRST.reduce<Machine[]>(
    (list, state) => list.concat(machines.filter((machine) => machine.state === state)),
    [],
  );
  const page = Math.floor(now / PAGE_MS) % pages;
  return { page, pages, shown: ordered.slice(page * MACHINES_PER_PAGE, (page + 1) * MACHINES_PER_PAGE) };
}

/** How many alerts the machines above leave room for. */
export function alertRoom(machineCount: number): number {
  return machineCount >= DENSE_FROM + 2 ? 2 : 4;
}

/** Critical ones stay, as far as they leave one place in which the others take turns. */
export function alertPage(alerts: Alert[], room: number, now: number): { page: number; shown: Alert[] } {
  if (alerts.length <= room) return { page: 0, shown: alerts };
  const critical = alerts.filter((alert) => alert.severity === 'CRITICAL').length;
  const pinned = Math.min(critical, room - 1);
  const others = alerts.slice(pinned);
  const places = room - pinned;
  const page = Math.floor(now / PAGE_MS) % Math.ceil(others.length / places);
  // The last page is filled up from the one before it rather than shown half empty.
  const first = Math.min(page * places, others.length - places);
  return { page, shown: alerts.slice(0, pinned).concat(others.slice(first, first + places)) };
}
