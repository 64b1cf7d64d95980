import type { ChannelListener } from './channel';

/** What the page and the agent know of each other: the only global. */
export interface WorkshopEdge {
  agent?: string;
  /** Receives what the box sends, everything first. */
  subscribe?(listener: ChannelListener): { stop(): void };
  /** Set by the page: how old its data is, in seconds. */
  dataAge?: unknown;
  /** Set by the page: false where it says itself that the box is away. */
  badge?: boolean;
}

declare global {
  interface Window {
    workshopEdge?: WorkshopEdge;
  }
}

export function dataAge({ dataAge: published }: WorkshopEdge): number | null {
  try {
    const age: unknown = typeof published === 'function' ? (published as () => unknown)() : published;
    return typeof age === 'number' && age >= 0 && isFinite(age) ? Math.round(age * 10) / 10 : null;
  } catch {
    return null;
  }
}
