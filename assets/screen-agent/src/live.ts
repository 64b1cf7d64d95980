import { type Channel, type ChannelListener, startChannel } from './channel';
import { after } from './guard';
import { PAGE } from './page';

/** The page's one channel: for the agent, and for whoever subscribes. */
export interface Live {
  open(): void;
  close(): void;
  subscribe(listener: ChannelListener): { stop(): void };
}

export function createLive(onLife: () => void, onCall: () => void): Live {
  const listeners: ChannelListener[] = [];
  let channel: Channel | undefined;
  const all = (tell: (listener: ChannelListener) => void) =>
    listeners.slice().forEach((listener) => {
      try {
        tell(listener);
      } catch (error) {
        // An error of the page's, to be seen as such; but it must not end the channel.
        window.setTimeout(() => {
          throw error;
        }, 0);
      }
    });

  const open = () => {
    if (channel) return;
    channel = startChannel(
      {
        onLife() {
          onLife();
          all((listener) => listener.onLife());
        },
        onNews: (news, isWhole) => all((listener) => listener.onNews(news, isWhole)),
      },
      PAGE,
      onCall,
    );
  };
  /** For everything, which whoever is new needs. */
  const renew = () => {
    if (channel) channel.restart();
    else open();
  };

  return {
    open,
    close() {
      if (channel) channel.stop();
    },
    subscribe(listener) {
      listeners.push(listener);
      after(0, renew);
      return {
        stop() {
          const at = listeners.indexOf(listener);
          if (at >= 0) listeners.splice(at, 1);
        },
      };
    },
  };
}
