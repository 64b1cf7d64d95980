import { guarded } from './guard';
import { create, isShown, show } from './overlay';

/** A muted video in a corner: many TVs leave the screensaver alone while one plays. */
let failed = false;

export function keepAwake(wanted: boolean): void {
  if (wanted === isShown('awake') || (wanted && failed)) return;
  if (!wanted) return show('awake');
  const video = create('video', 'left:0;bottom:0;width:2px;height:2px;opacity:.01');
  const give = guarded(() => {
    failed = true;
    show('awake');
  });
  video.muted = true;
  video.loop = true;
  // Without it a telephone plays over the whole screen.
  video.setAttribute('playsinline', '');
  video.setAttribute('muted', '');
  video.onerror = give;
  video.src = '/_edge/awake.mp4';
  show('awake', video);
  // Old engines return nothing.
  const playing = video.play() as Promise<void> | undefined;
  if (playing) playing.then(undefined, give);
}
