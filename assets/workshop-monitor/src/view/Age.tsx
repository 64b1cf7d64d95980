import { steady } from '../../../screen-agent/src/steady';
import { ageOf, type Model } from '../data/model';
import type { PartName } from '../data/parts';
import type { Messages } from '../i18n';
import { ageText } from '../text/age';
import { Icon } from './icons';
import { useTicking } from './tick';

/** How old a part is, or nothing while it is young. */
export function useAge(model: Model, part: PartName, words: Messages): string {
  return useTicking(() => {
    const age = ageOf(model.picture[part], model, steady());
    return age === undefined ? '' : age === null ? '?' : ageText(age, words);
  });
}

export function Age({ age, part }: { age: string; part: PartName }) {
  return age ? (
    <span class="age" data-late={part}>
      <Icon shape="clock" />
      {age}
    </span>
  ) : null;
}

/** What stands where a part is missing: it may come any moment, or nobody expects it. */
export function emptyWord({ boxAway, link }: Model, words: Messages): string {
  return boxAway || (link && link.state === 'away') ? words.noData : words.waiting;
}
