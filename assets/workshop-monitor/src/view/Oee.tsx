import type { Model } from '../data/model';
import type { Messages } from '../i18n';
import { brief, NONE, oneDecimal, whole } from '../text/numbers';
import { Age, emptyWord, useAge } from './Age';
import { useChanged } from './changed';
import { Figure } from './Figure';
import { Fit } from './Fit';
import { Icon } from './icons';

export function Oee({ model, words }: { model: Model; words: Messages }) {
  const target = model.settings.targets.oeePercent;
  const oee = model.picture.dashboard?.value;
  const age = useAge(model, 'dashboard', words);
  const value = oee ? oee.oee : null;
  const good = value !== null && value >= target;
  // From a hundred on there is no room for a decimal, and no use for it.
  const text = value !== null && value >= 100 ? whole(value, words) : oneDecimal(value, words);
  const cut = value !== null && value >= 100 ? text.length : text.length - 2;
  const changed = useChanged(value === null ? null : text);
  return (
    <div class="card oee">
      <div class="oee-main">
        <h2>
          OEE
          {age ? (
            <Age age={age} part="dashboard" />
          ) : (
            <span class="aside">
              {' '}
              {words.goal} {brief(target, words)} %
            </span>
          )}
        </h2>
        <Fit class={'oee-number' + (value === null ? '' : good ? ' good' : ' bad')} value="oee">
          <span class={'oee-whole' + changed}>{value === null ? NONE : text.slice(0, cut)}</span>
          <span class="oee-rest">{value === null ? '' : text.slice(cut) + ' %'}</span>
        </Fit>
        <Fit class={'verdict' + (value === null ? '' : good ? ' good' : ' bad')}>
          {value === null ? null : <Icon shape={good ? 'check' : 'down'} />}
          <span>{value === null ? emptyWord(model, words) : good ? words.atGoal : words.underGoal}</span>
        </Fit>
      </div>
      <div class="factors">
        <Factor name={words.availability} value={oee ? oee.availability : null} id="availability" words={words} />
        <Factor name={words.performance} value={oee ? oee.performance : null} id="performance" words={words} />
        <Factor name={words.quality} value={oee ? oee.quality : null} id="quality" words={words} />
      </div>
    </div>
  );
}

function Factor({ name, value, id, words }: { name: string; value: number | null; id: string; words: Messages }) {
  const filled = value === null ? 0 : Math.min(100, value);
  return (
    <div class="factor">
      <div class="factor-text">
        <span class="factor-value" data-value={id}>
          <Figure class="" text={value !== null && value >= 100 ? whole(value, words) : oneDecimal(value, words)} />
          <span class="unit"> %</span>
        </span>
        <Fit class="factor-name">{name}</Fit>
      </div>
      <div class="bar">
        <div class="bar-fill" style={{ width: filled + '%' }} />
      </div>
    </div>
  );
}
