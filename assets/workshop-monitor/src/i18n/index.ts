import type { Settings } from '../settings';
import { en } from './en';
import { es } from './es';
import type { Messages } from './messages';

export type { Messages };

export function messages(language: Settings['language']): Messages {
  return language === 'en' ? en : es;
}
