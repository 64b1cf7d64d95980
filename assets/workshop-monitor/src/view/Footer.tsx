import { lateness, type Model, sourceOf } from '../data/model';
import type { LiveEvent } from '../data/live';
import type { Messages } from '../i18n';
import { ageText, isLate } from '../text/age';
import { clockText } from '../text/numbers';
import { Icon } from './icons';
import { useTicking } from './tick';

const EVENT_SHOWN_MS = 30_000;

function eventText(event: LiveEvent, words: Messages): string {
  if (event.kind === 'low-stock') return words.lowStock(event.name);
  return event.kind === 'order-created' ? words.orderCreated(event.name) : words.orderUpdated(event.name);
}

export function Footer({ model, words }: { model: Model; words: Messages }) {
  const { settings, picture, lastEvent } = model;
  const age = useTicking((now) => {
    if (sourceOf(settings) !== 'erp') return '';
    const late = lateness(picture, now, (ageMs) => isLate(ageMs, settings.refreshS));
    if (!late) return '';
    const text = ageText(late.ageMs, words);
    return late.part ? words.partAge(words.parts[late.part], text) : words.dataAge(text);
  });
  const event = useTicking((now) =>
    lastEvent && now - lastEvent.at < EVENT_SHOWN_MS
      ? clockText(lastEvent.at) + ' · ' + eventText(lastEvent.event, words)
      : '',
  );
  const empty = Object.keys(picture).length === 0;
  const trouble = model.boxAway ? words.boxAway : model.erpAway ? words.erpAway : '';
  return (
    <div class="footer">
      {trouble ? (
        <p class="badge" data-badge={model.boxAway ? 'box' : 'erp'}>
          <Icon shape="triangle" />
          <span>{trouble}</span>
        </p>
      ) : null}
      <p class={'status' + (settings.demo ? ' demo-sentence' : age ? ' old' : '')} data-age={age}>
        {settings.demo
          ? words.demoSentence
          : sourceOf(settings) === 'none'
            ? words.noErp
            : age || (empty ? words.waiting : words.justNow)}
      </p>
      <p class="event">{event}</p>
      <a class="this-box" href="/_edge/">
        {words.thisBox}
      </a>
    </div>
  );
}
