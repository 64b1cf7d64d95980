import type { Alert, Machine, MachineState } from '../data/parts';

/** What is shown of more than fits: in turns, and the worst always first. */
export const PAGE_MS = 8000;
export const MACHINES_PER_PAGE = 12;
/** With names of two lines. */
export const TALL_PER_PAGE = 8;
export const DENSE_FROM = 9;

const WORST_FIRST: MachineState[] = ['BROKEN', 'MAINTENANCE', 'UNKNOWN', 'IN_USE', 'AVAILABLE'];

/** All at once while they fit, each in its usual place; beyond that in turns, those in trouble first. */
export function machinePage(
  machines: Machine[],
  perPage: number,
  now: number,
): { page: number; pages: number; shown: Machine[] } {
  const pages = Math.max(1, Math.ceil(machines.length / perPage));
  if (pages === 1) return { page: 0, pages, shown: machines };
  const ordered = WORST_FIRST.reduce<Machine[]>(
    (list, state) => list.concat(machines.filter((machine) => machine.state === state)),
    [],
  );
  const page = Math.floor(now / PAGE_MS) % pages;
  return { page, pages, shown: ordered.slice(page * perPage, (page + 1) * perPage) };
}

/** Critical ones stay, as far as they leave one place in which the others take turns; the only place is theirs alone. */
export function alertPage(alerts: Alert[], room: number, now: number): { page: number; shown: Alert[] } {
  if (alerts.length <= room) return { page: 0, shown: alerts };
  const critical = alerts.filter((alert) => alert.severity === 'CRITICAL').length;
  const pinned = Math.max(0, Math.min(critical, room - 1));
  const others = room === 1 && critical > 0 ? alerts.slice(0, critical) : alerts.slice(pinned);
  const places = room - pinned;
  const page = Math.floor(now / PAGE_MS) % Math.ceil(others.length / places);
  // The last page is filled up from the one before it rather than shown half empty.
  const first = Math.min(page * places, others.length - places);
  return { page, shown: alerts.slice(0, pinned).concat(others.slice(first, first + places)) };
}

/** The height of an alert of two lines and the space above it, and of each further line; in rem, as the style sheet has them. */
export const ALERT_ROW = 3.75;
export const ALERT_LINE = 1.6;

/** How many alerts there is room for in a height. */
export function alertPlaces(height: number): number {
  return Math.max(1, Math.floor(height / ALERT_ROW));
}

/** How many lines each shown alert's message may take: the room that is left over goes to the critical ones, or to all when none is critical. */
export function alertLines(shown: Alert[], room: number): number[] {
  const critical = shown.filter((alert) => alert.severity === 'CRITICAL').length;
  let left = critical || shown.length;
  let free = Math.max(0, room - shown.length);
  return shown.map((alert) => {
    if (critical > 0 && alert.severity !== 'CRITICAL') return 1;
    const more = Math.ceil(free / left);
    free -= more;
    left -= 1;
    return 1 + Math.floor((more * ALERT_ROW) / ALERT_LINE);
  });
}
