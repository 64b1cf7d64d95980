/** How wide a text is, in em. */
export type Measure = (text: string) => number;

/**
 * Breaks a text into at most `most` lines of `width` em: between words, and inside a word only when it is wider than a
 * line. `undefined` when it does not fit.
 */
export function breakLines(text: string, width: number, most: number, measure: Measure): string[] | undefined {
  const lines: string[] = [];
  let line = '';
  const words = text.split(/\s+/).filter((word) => word !== '');
  for (let i = 0; i < words.length; i++) {
    let word = words[i] || '';
    const longer = line === '' ? word : line + ' ' + word;
    if (measure(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    while (measure(word) > width && lines.length < most) {
      let end = word.length - 1;
      while (end > 1 && measure(word.slice(0, end)) > width) end--;
      lines.push(word.slice(0, end));
      word = word.slice(end);
    }
    line = word;
    if (lines.length >= most && line !== '') return undefined;
  }
  if (line !== '') lines.push(line);
  return lines.length <= most ? lines : undefined;
}

type Fits = (text: string) => boolean;

/** Shortens in the middle: a name begins with what kind of machine it is, and ends with which one. */
function shortenMiddle(text: string, fits: Fits): string {
  for (let kept = text.length - 1; kept > 1; kept--) {
    const end = text.slice(text.length - Math.floor(kept / 2));
    // From the beginning of a word on, if there is one.
    const word = end.search(/\s\S/);
    const tail = word < 0 ? end : end.slice(word);
    const short = text.slice(0, kept - tail.length).replace(/\s+$/, '') + '…' + tail;
    if (fits(short)) return short;
  }
  return text.slice(0, 1) + '…';
}

function shortenEnd(text: string, fits: Fits): string {
  for (let kept = text.length; kept > 1; kept--) {
    const short = kept === text.length ? text : text.slice(0, kept).replace(/\s+$/, '') + '…';
    if (fits(short)) return short;
  }
  return text.slice(0, 1) + '…';
}

/** Where the first difference among the texts is, put back to the beginning of its word. */
function differsFrom(texts: string[]): number {
  const first = texts[0] || '';
  let at = 0;
  while (at < first.length && texts.every((text) => text.charAt(at) === first.charAt(at))) at++;
  while (at > 0 && first.charAt(at - 1) !== ' ') at--;
  return at;
}

export interface Named {
  name: string;
  code: string;
}

/**
 * What each machine is called where only what `fits` can be shown: in full, or shortened so that machines that are not
 * the same do not look the same.
 */
export function tellApart(machines: Named[], fits: Fits): string[] {
  const alike = (texts: string[], text: string) => texts.filter((other) => other === text).length > 1;
  const names = machines.map((machine) => machine.name);
  const full = machines.map(({ name, code }) => (alike(names, name) && code && code !== name ? name + ' · ' + code : name));
  const shown = full.map((text) => (fits(text) ? text : shortenMiddle(text, fits)));
  const told = shown.map((text, index) => {
    if (!alike(shown, text)) return text;
    // The middle that was left out is what differs.
    const group = full.filter((_, other) => shown[other] === text);
    const from = differsFrom(group);
    return from > 0 ? shortenEnd('…' + (full[index] || '').slice(from), fits) : text;
  });
  return told.map((text, index) => {
    const code = machines[index]?.code;
    return alike(told, text) && code ? shortenEnd(code + ' ' + names[index], fits) : text;
  });
}
