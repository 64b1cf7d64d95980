/**
 * What the agent lays over the page, and only while there is something to say. Beside the body, which may be replaced at any
 * time; styled through the CSSOM, which a page's policy does not forbid, and so that no rule of the page's applies.
 */
export type Slot = 'away' | 'code' | 'message' | 'identify' | 'awake';

const shown: { [S in Slot]?: Element | undefined } = {};
let layer: HTMLElement | undefined;

export function create<T extends keyof HTMLElementTagNameMap>(tag: T, css: string, text?: string): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  element.style.cssText = ('all:initial;position:fixed;pointer-events:none;' + css).replace(/;|$/g, ' !important;');
  if (text) element.textContent = text;
  return element;
}

/** Also where a script of the page has taken the layer away. */
export function keepOverlays(): void {
  const root = document.documentElement;
  if (!layer) return;
  if (!layer.firstChild) layer.remove();
  else if (layer.parentNode !== root) root.appendChild(layer);
}

export function show(slot: Slot, element?: Element): void {
  const before = shown[slot];
  if (before) before.remove();
  shown[slot] = element;
  if (element) {
    if (!layer) {
      layer = create('div', 'left:0;top:0;width:0;height:0;z-index:2147483647');
      layer.setAttribute('data-workshop-edge', '');
    }
    layer.appendChild(element);
  }
  keepOverlays();
}

export const isShown = (slot: Slot) => !!shown[slot];

const letters = (size: string) => 'color:#fff;background:#111827;text-align:center;font:bold ' + size + '/1.25 Arial,sans-serif;';
const CARD = 'padding:.4em .8em;border-radius:.4em;border:2px solid #fff;';
/** In hundredths of the screen's shorter side. */
const SIZES = { away: 3.4, code: 5, message: 6 };
/** Within the twentieth of each side that a TV may cut off. */
const PLACES = { away: 'left:5%;bottom:5%;max-width:60%', code: 'right:5%;bottom:5%', message: 'left:5%;right:5%;top:5%' };

export function showCard(slot: keyof typeof PLACES, text: string): void {
  const before = shown[slot];
  if (before ? before.textContent === text : !text) return;
  show(slot, text ? create('div', letters(SIZES[slot] + 'vmin') + CARD + PLACES[slot], text) : undefined);
}

/** The whole screen, to be read from the other end of the workshop. */
export function showName(name: string): void {
  // As large as one line takes it, at two thirds of a letter's height for its width.
  const size = Math.min(innerHeight * 0.3, (innerWidth * 1.35) / name.length);
  const full = 'left:0;top:0;width:100%;height:100%;display:flex;align-items:center;justify-content:center';
  show('identify', create('div', letters(size + 'px') + full, name));
}
