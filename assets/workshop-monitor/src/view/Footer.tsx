import { steady } from '../../../screen-agent/src/steady';
import { lateness, type Model, sourceOf } from '../data/model';
import type { Messages } from '../i18n';
import { ageText } from '../text/age';
import { emptyWord } from './Age';
import { Icon } from './icons';
import { useTicking } from './tick';

function lateText(model: Model, words: Messages): string {
  const late = lateness(model, steady());
  if (!late) return '';
  const part = late.part && words.parts[late.part];
  if (late.age === null) return part ? words.partUnknown(part) : words.dataUnknown;
  const age = ageText(late.age, words);
  return part ? words.partAge(part, age) : words.dataAge(age);
}

export function Footer({ model, words, hasErp }: { model: Model; words: Messages; hasErp: boolean }) {
  const { settings, picture, link, boxAway } = model;
  const isLive = hasErp && sourceOf(settings) === 'erp';
  const isErpAway = isLive && !boxAway && link !== null && link.state === 'away';
  const age = useTicking(() => (isLive ? lateText(model, words) : ''));
  const since = useTicking(() => (isErpAway && link ? ageText(steady() - link.since, words) : ''));
  const isEmpty = Object.keys(picture).length === 0;
  /** What is wrong, and what to do. */
  const reason = isErpAway && link ? link.text[settings.language] : '';
  const ofData = age || (isEmpty ? emptyWord(model, words) : isErpAway ? '' : words.justNow);
  const shown = settings.demo ? words.demoSentence : hasErp ? ofData : words.noErp;
  return (
    <div class="footer">
      <div class="footer-row">
        {boxAway || isErpAway ? (
          <p class="badge" data-badge={boxAway ? 'box' : 'erp'}>
            <Icon shape="triangle" />
            <span>{boxAway ? words.boxAway : words.erpAway(since)}</span>
          </p>
        ) : null}
        <p class={'status' + (settings.demo ? ' demo-sentence' : age ? ' old' : '') + (reason ? ' told' : '')} data-age={age}>
          {shown}
          {reason ? <span class="reason">{shown ? '. ' + reason : reason}</span> : null}
        </p>
        {isLive && !boxAway && link && link.state === 'slow' ? <p class="slow">{words.erpSlow}</p> : null}
      </div>
      <a class="this-box" href="/_edge/">
        {words.thisBox}
      </a>
    </div>
  );
}
