/** Shapes that can be told apart without their colour. */
export type Shape = 'play' | 'ring' | 'wrench' | 'cross' | 'unknown' | 'stop' | 'triangle' | 'info' | 'check' | 'down' | 'clock';

const PATHS: Record<Shape, string> = {
  play: 'M16 1a15 15 0 1 0 0 30a15 15 0 1 0 0-30z M12 8.5l12 7.5l-12 7.5z',
  ring: 'M16 1a15 15 0 1 0 0 30a15 15 0 1 0 0-30z M16 6a10 10 0 1 1 0 20a10 10 0 1 1 0-20z',
  wrench: 'M16 1.5l15.5 28.5h-31z M10.3 22.5h11.4v3.4h-11.4z M14.2 11h3.6v9h-3.6z',
  cross: 'M2 2h28v28h-28z M9.5 7l6.5 6.5l6.5-6.5l2.5 2.5l-6.5 6.5l6.5 6.5l-2.5 2.5l-6.5-6.5l-6.5 6.5l-2.5-2.5l6.5-6.5l-6.5-6.5z',
  unknown: 'M4 13.5h24v5h-24z',
  stop: 'M10 1h12l9 9v12l-9 9h-12l-9-9v-12z M14 7h4v12h-4z M14 21.5h4v4h-4z',
  triangle: 'M16 1.5l15.5 28.5h-31z M14.2 11h3.6v9h-3.6z M14.2 22.4h3.6v3.6h-3.6z',
  info: 'M16 1a15 15 0 1 0 0 30a15 15 0 1 0 0-30z M14 7h4v4h-4z M14 13h4v12h-4z',
  check: 'M16 1a15 15 0 1 0 0 30a15 15 0 1 0 0-30z M8 16.5l3-3l3.6 3.6l7.4-7.6l3 3l-10.4 10.6z',
  down: 'M1 6h30l-15 23z',
  clock: 'M16 1a15 15 0 1 0 0 30a15 15 0 1 0 0-30z M14 6h4v9.2l6.4 6.4l-2.8 2.8l-7.6-7.6z',
};

export function Icon({ shape }: { shape: Shape }) {
  return (
    <svg class={'icon icon-' + shape} viewBox="0 0 32 32" aria-hidden="true">
      <path fill-rule="evenodd" d={PATHS[shape]} />
    </svg>
  );
}
