import type { MachineState, PartName, Severity } from '../data/parts';

/** Every word on the screen, so that a language cannot lack one. */
export interface Messages {
  decimal: string;
  thousands: string;
  weekdays: string[];
  months: string[];
  date(weekday: string, day: number, month: string): string;
  availability: string;
  performance: string;
  quality: string;
  goal: string;
  atGoal: string;
  underGoal: string;
  ordersToday: string;
  ordersInShift: string;
  inPart: string;
  rejects: string;
  rejectsLimit: string;
  orders: string;
  ordersInProgress: string;
  ordersCompleted: string;
  hourly: string;
  observedInPart: string;
  perHour: string;
  machines: string;
  states: Record<MachineState, string>;
  alerts: string;
  severities: Record<Severity, string>;
  noAlerts: string;
  more(n: number): string;
  waiting: string;
  noData: string;
  noErp: string;
  noErpMeaning: string;
  noErpRemedy(address: string): string;
  noErpDemo: string;
  noMachines: string;
  demo: string;
  demoSentence: string;
  boxAway: string;
  erpAway(age: string): string;
  erpSlow: string;
  dataAge(age: string): string;
  partAge(part: string, age: string): string;
  dataUnknown: string;
  partUnknown(part: string): string;
  justNow: string;
  seconds(n: number): string;
  minutes(n: number): string;
  hours(n: number): string;
  days(n: number): string;
  parts: Record<PartName, string>;
  thisBox: string;
  apology: string;
  fault: string;
  demoMachines: string[];
  demoAlerts: {
    broken: string;
    maintenance: string;
    /** What it is about, and what is wrong. */
    stock: Array<[string, string]>;
    delay: Array<[string, string]>;
    deadline: Array<[string, string]>;
  };
}
