import type { Messages } from '../i18n/messages';

/** "40 s", "12 min", "3 h", "2 días": as coarse as a glance from ten metres needs. */
export function ageText(ageMs: number, words: Messages): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return words.seconds(seconds < 10 ? Math.max(1, seconds) : seconds - (seconds % 10));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return words.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? words.hours(hours) : words.days(Math.floor(hours / 24));
}
