import { type ChannelListener, startChannel } from '../../../screen-agent/src/channel';
import type { WorkshopEdge } from '../../../screen-agent/src/global';
import { steady } from '../../../screen-agent/src/steady';
import { lateness, type Model, sourceOf } from './model';
import type { Store } from './store';

/** What the box sends: by way of the screen agent, which has a channel anyway, or on one of its own where the box injects none. */
export function subscribe(listener: ChannelListener): { stop(): void } {
  const edge = window.workshopEdge;
  return edge && edge.subscribe ? edge.subscribe(listener) : startChannel(listener);
}

/** Seconds; nothing where the page shows no data, or none whose age is known. */
export function dataAge(model: Model, now: number): number | undefined {
  if (sourceOf(model.settings) !== 'erp' || Object.keys(model.picture).length === 0) return undefined;
  const late = lateness(model, now);
  if (!late) return 0;
  return late.age === null ? undefined : late.age / 1000;
}

/** Tells the agent how old the data is, and that this page says itself when the box is away. */
export function publish(model: Store<Model>): void {
  const edge: WorkshopEdge | undefined = window.workshopEdge;
  if (!edge) return;
  edge.badge = false;
  edge.dataAge = () => dataAge(model.get(), steady());
}
