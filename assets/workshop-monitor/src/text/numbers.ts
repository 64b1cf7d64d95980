import type { Messages } from '../i18n/messages';

/** Intl is missing or partial on some TVs, and a display needs no more than this. */
export const NONE = '–';

export function whole(value: number | null, words: Messages): string {
  if (value === null) return NONE;
  const digits = String(Math.round(value));
  if (digits.length < 5) return digits;
  return digits.replace(/\B(?=(\d{3})+$)/g, words.thousands);
}

export function oneDecimal(value: number | null, words: Messages): string {
  return value === null ? NONE : value.toFixed(1).replace('.', words.decimal);
}

/** A target has a decimal only where it needs one. */
export function brief(value: number, words: Messages): string {
  return value % 1 === 0 ? whole(value, words) : oneDecimal(value, words);
}

export function clockText(at: number): string {
  const date = new Date(at);
  const two = (n: number) => (n < 10 ? '0' : '') + n;
  return two(date.getHours()) + ':' + two(date.getMinutes());
}

export function dateText(at: number, words: Messages): string {
  const date = new Date(at);
  return words.date(
    words.weekdays[date.getDay()] || '',
    date.getDate(),
    words.months[date.getMonth()] || '',
  );
}
