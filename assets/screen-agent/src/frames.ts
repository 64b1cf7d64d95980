import { counts } from './counts';

/**
 * So many frames in each second: to ask for all of them would keep an old TV's compositor busy for nothing. A page that draws
 * still counts 60 in ten seconds, and one that does not counts none.
 */
const FRAMES = 6;

let left = 0;

function onFrame(): void {
  counts.frames += 1;
  left -= 1;
  if (left > 0) window.requestAnimationFrame(onFrame);
}

export function countSecond(): void {
  counts.ticks += 1;
  // A frame that was asked for and has not come yet: the page is hidden, or does not draw.
  if (left > 0) return;
  left = FRAMES;
  window.requestAnimationFrame(onFrame);
}
