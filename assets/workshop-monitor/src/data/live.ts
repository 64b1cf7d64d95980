import type { Socket } from 'socket.io-client';
import { fields } from '../settings';

/**
 * Live events of the ERP, over Socket.io on the page's own origin; the box adds the token. They only say that something
 * changed: what changed is read again in the ordinary way, so a lost event costs nothing but time.
 */
export type LiveEvent =
  | { kind: 'order-created' | 'order-updated'; name: string }
  | { kind: 'low-stock'; name: string };

export interface Live {
  stop(): void;
}

function name(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 80) : '';
}

export function startLive(onEvent: (event: LiveEvent | null) => void): Live {
  let socket: Socket | undefined;
  let stopped = false;
  let retry = 0;

  const load = () => {
    import('socket.io-client').then(
      ({ io }) => {
        if (stopped) return;
        const opened = io({
          transports: ['websocket', 'polling'],
          tryAllTransports: true,
          reconnectionDelay: 2000,
          reconnectionDelayMax: 60_000,
          timeout: 20_000,
        });
        socket = opened;
        let connectedBefore = false;
        opened.on('connect', () => {
          opened.emit('listen', { channels: ['production', 'inventory', 'quality', 'machines'] });
          // Events may have been missed while the line was down.
          if (connectedBefore) onEvent(null);
          connectedBefore = true;
        });
        opened.on('production:order-created', (body: unknown) =>
          onEvent({ kind: 'order-created', name: name(fields(body).orderNumber) }),
        );
        opened.on('production:order-updated', (body: unknown) =>
          onEvent({ kind: 'order-updated', name: name(fields(body).orderNumber) }),
        );
        opened.on('inventory:low-stock', (body: unknown) =>
          onEvent({ kind: 'low-stock', name: name(fields(body).itemName) }),
        );
      },
      () => {
        // The box was away at the wrong moment. Polling goes on meanwhile.
        if (!stopped) retry = window.setTimeout(load, 60_000);
      },
    );
  };
  load();

  return {
    stop() {
      stopped = true;
      window.clearTimeout(retry);
      if (socket) {
        socket.off();
        socket.disconnect();
      }
    },
  };
}
