import { after } from './guard';
import { identity } from './identity';
import { fields } from './json';
import { isPath, leave } from './leave';
import { show, showCard, showName } from './overlay';
import { takePicture } from './picture';
import { request } from './request';

export type Result = 'done' | 'impossible' | 'failed';
export interface Did {
  order: number;
  result: Result;
}

const DEFAULT_S = 20;
const MAX_KNOWN = 64;

/** Carried out, or being so; the box repeats what it has not been answered. */
const known: number[] = [];
let did: Did[] = [];
/** Where the page leaves for once the box knows that the order was carried out: empty to be loaded anew. */
let destination: string | undefined;

export const reported = () => did.slice(0, 8);

export function afterReport(sent: Did[]): void {
  did = did.slice(sent.length);
  if (did.length > 0 || destination === undefined) return;
  leave(0, destination);
  destination = undefined;
}

const timers: { [slot: string]: number } = {};
function hideAfter(slot: 'message' | 'identify', seconds: unknown): void {
  window.clearTimeout(timers[slot]);
  timers[slot] = after(1000 * (Number(seconds) || DEFAULT_S), () => show(slot));
}

/** `name`: what a person calls this screen. */
export function carryOut(order: unknown, name: string, report: () => void): void {
  const { order: number, do: what, path, text, for_s } = fields(order);
  if (typeof number !== 'number' || known.indexOf(number) >= 0) return;
  known.push(number);
  if (known.length > MAX_KNOWN) known.shift();
  const answer = (result: Result) => {
    did.push({ order: number, result });
    report();
  };
  if (what === 'picture') {
    return takePicture((picture) => {
      if (!picture) return answer('impossible');
      const body = { id: identity.id, secret: identity.secret, order: number, picture };
      request('POST', '/_edge/screen/picture', { body }, ({ status }) => answer(status === 204 ? 'done' : 'failed'));
    });
  }
  let result: Result = 'done';
  if (what === 'reload') destination = '';
  else if (what === 'go' && isPath(path)) destination = path;
  else if (what === 'identify') {
    showName(name);
    hideAfter(what, for_s);
  } else if (what === 'message') {
    showCard(what, String(text));
    hideAfter(what, for_s);
  } else result = 'impossible';
  answer(result);
}
