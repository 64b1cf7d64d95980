import type { Messages } from '../i18n';
import type { Settings } from '../settings';
import { clockText, dateText } from '../text/numbers';
import { useTicking } from './tick';

export function Header({ settings, words }: { settings: Settings; words: Messages }) {
  return (
    <div class="header">
      <div class="names">
        <h1 class="line-name">{settings.line}</h1>
        <p class="title">{settings.title}</p>
      </div>
      {settings.demo ? <p class="demo-badge">{words.demo}</p> : null}
      <Clock words={words} />
    </div>
  );
}

function Clock({ words }: { words: Messages }) {
  const time = useTicking(clockText);
  const date = useTicking((now) => dateText(now, words));
  return (
    <div class="clock">
      <span class="date">{date}</span>
      <span class="time">{time}</span>
    </div>
  );
}
