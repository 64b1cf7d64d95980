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
  const { settings, picture } = model;
  const words = messages(settings.language);
  if (!model.settled) return <p class="starting">{words.waiting}</p>;
  return (
    <div class="screen">
      <Header settings={settings} words={words} />
      {sourceOf(settings) === 'none' ? (
        <NoErp words={words} />
      ) : (
        <div class="main">
          <div class="left">
            <Oee oee={picture.oee?.value} target={settings.targets.oeePercent} words={words} />
            <Production model={model} words={words} />
            <HourlyChart hourly={model.hourly} settings={settings} words={words} />
          </div>
          <div class="right">
            <Machines machines={picture.machines?.value} words={words} />
            <Alerts alerts={picture.alerts?.value} words={words} />
          </div>
        </div>
      )}
      <Footer model={model} words={words} />
    </div>
  );
}
