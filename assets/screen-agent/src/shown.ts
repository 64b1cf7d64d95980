/** Whether the body shows anything: text, a picture, or a small coloured box; an empty root that fills the screen is nothing. */
const MAX_ELEMENTS = 500;
/** What shows something without text. Custom elements may hide it in a closed shadow tree. */
const SHOWS = /^(img|svg|canvas|video|iframe|object|embed|input|.+-.+)$/i;
const CLEAR = /^transparent|^rgba.*, 0\)$/;

function hasText(element: Element): boolean {
  for (let node = element.firstChild; node; node = node.nextSibling) {
    if (node.nodeType === 3 && /\S/.test(node.nodeValue || '')) return true;
  }
  return false;
}

function shows(element: Element): boolean {
  const { width, height, right, bottom, left, top } = element.getBoundingClientRect();
  if (width * height < 1 || right < 0 || bottom < 0 || left > innerWidth || top > innerHeight) return false;
  const style = getComputedStyle(element);
  if (style.visibility === 'hidden') return false;
  if (SHOWS.test(element.tagName) || hasText(element)) return true;
  if (style.backgroundImage && style.backgroundImage !== 'none') return true;
  return !element.firstElementChild && !CLEAR.test(style.backgroundColor) && width * height < innerWidth * innerHeight * 0.9;
}

export function bodyShows(): boolean {
  const { body } = document;
  if (!body) return false;
  const elements = body.getElementsByTagName('*');
  if (hasText(body)) return true;
  for (let i = 0; i < elements.length && i < MAX_ELEMENTS; i++) if (shows(elements[i] as Element)) return true;
  return elements.length > MAX_ELEMENTS;
}
