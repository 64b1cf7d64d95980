import { useEffect, useState } from 'preact/hooks';
import { sourceOf, type Model } from '../data/model';
import type { Store } from '../data/store';
import { messages } from '../i18n';
import { Alerts } from './Alerts';
import { Boundary } from './Boundary';
import { Footer } from './Footer';
import { Header } from './Header';
import { HourlyChart } from './HourlyChart';
import { Machines } from './Machines';
import { NoErp } from './NoErp';
import { Oee } from './Oee';
import { Production } from './Production';

export function App({ model }: { model: Store<Model> }) {
  const [shown, show] = useState(model.get());
  useEffect(() => {
    show(model.get());
    return model.watch(() => show(model.get()));
  }, [model]);

  const words = messages(shown.settings.language);
  useEffect(() => {
    document.documentElement.lang = shown.settings.language;
    document.title = shown.settings.title + ' · ' + shown.settings.line;
  }, [shown.settings]);

  return <Boundary model={shown} words={words} draw={(drawn) => <Screen model={drawn} />} />;
}

function Screen({ model }: { model: Model }) {
  const { settings, link } = model;
  const words = messages(settings.language);
  if (!model.settled) return <p class="starting">{words.waiting}</p>;
  const hasErp = sourceOf(settings) !== 'none' && !(link && link.state === 'off');
  return (
    <div class={'screen' + (link && link.state === 'away' ? ' explains' : '')}>
      <Header settings={settings} words={words} />
      {hasErp ? (
        <div class="main">
          <div class="left">
            <Oee model={model} words={words} />
            <Production model={model} words={words} />
            <HourlyChart model={model} words={words} />
          </div>
          <div class="right">
            <Machines model={model} words={words} />
            <Alerts model={model} words={words} />
          </div>
        </div>
      ) : (
        <NoErp words={words} />
      )}
      <Footer model={model} words={words} hasErp={hasErp} />
    </div>
  );
}
