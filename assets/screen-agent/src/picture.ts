import { guarded } from './guard';

/**
 * The page as a picture: its elements and rules as a foreignObject in an SVG, drawn onto a canvas. Without what comes from elsewhere
 * (fonts, backgrounds, other origins), and without shadow trees. Where the engine or the page's policy refuses it: nothing.
 */
const MAX_WIDTH = 960;
const QUALITY = 0.7;
/** Of the data URL; the box takes 768 KiB with what is around it. */
const MAX_PICTURE = 760 * 1024;
/** Of the SVG. */
const MAX_SOURCE = 4 * 1024 * 1024;
const LEFT_OUT = 'script,noscript,template,link,meta,style,iframe,object,embed,video,audio,source';

function rules(): string {
  let text = '*{animation:none!important;transition:none!important}';
  for (let i = 0; i < document.styleSheets.length; i++) {
    try {
      const { cssRules, media } = document.styleSheets[i] as CSSStyleSheet;
      let sheet = '';
      for (let j = 0; j < cssRules.length; j++) sheet += (cssRules[j] as CSSRule).cssText + '\n';
      text += media.mediaText ? '@media ' + media.mediaText + '{' + sheet + '}' : sheet;
    } catch {
      // A sheet of another origin.
    }
  }
  return text;
}

function drawing(source: HTMLImageElement | HTMLCanvasElement): string {
  try {
    if ('toDataURL' in source) return source.toDataURL();
    const canvas = document.createElement('canvas');
    canvas.width = source.width;
    canvas.height = source.height;
    (canvas.getContext('2d') as CanvasRenderingContext2D).drawImage(source, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL();
  } catch {
    return 'data:,';
  }
}

function source(): string {
  const root = document.documentElement;
  // In a document that loads nothing.
  const copy = document.implementation.createHTMLDocument('').importNode(root, true);
  // In the same order in both, before anything is left out.
  const images = root.querySelectorAll('img,canvas');
  const copies = copy.querySelectorAll('img,canvas');
  for (let i = 0; i < images.length; i++) {
    const image = images[i] as HTMLImageElement;
    const old = copies[i] as HTMLElement;
    const drawn = copy.ownerDocument.createElement('img');
    drawn.className = old.className;
    drawn.style.cssText = old.style.cssText + ';width:' + image.clientWidth + 'px;height:' + image.clientHeight + 'px';
    drawn.src = drawing(image);
    (old.parentNode as Node).replaceChild(drawn, old);
  }
  const others = copy.querySelectorAll(LEFT_OUT);
  for (let i = 0; i < others.length; i++) (others[i] as Element).remove();
  const size = ' width="' + innerWidth + '" height="' + innerHeight + '"';
  const html = new XMLSerializer().serializeToString(copy);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg"' + size + ' style="font-size:' + getComputedStyle(root).fontSize + '"><style><![CDATA[' + rules() +
    ']]></style><foreignObject x="' + -pageXOffset + '" y="' + -pageYOffset + '"' + size + '>' + html + '</foreignObject></svg>';
  // What no XML may have in it.
  return svg.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '');
}

function jpeg(image: HTMLImageElement): string {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const scale = Math.min(1, MAX_WIDTH / innerWidth);
  canvas.width = innerWidth * scale;
  canvas.height = innerHeight * scale;
  // What the browser lays below the whole page.
  ['#fff', getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).backgroundColor].forEach((colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
  });
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const picture = canvas.toDataURL('image/jpeg', QUALITY);
  return picture.length > MAX_PICTURE ? '' : picture;
}

/** Gives a JPEG as a data URL, or an empty text where it is not possible here. */
export function takePicture(done: (picture: string) => void): void {
  let svg = '';
  try {
    svg = source();
  } catch {
    // A page that cannot be written as XML.
  }
  if (!svg || svg.length > MAX_SOURCE) return done('');
  const image = new Image();
  image.onerror = image.onload = guarded((event: Event) => {
    let picture = '';
    try {
      if (event.type === 'load') picture = jpeg(image);
    } catch {
      // The engine holds whatever was drawn from a foreignObject to be of another origin.
    }
    done(picture);
  }) as (event: Event | string) => void;
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
}
