import { render } from 'preact';
import { startControl } from './data/control';
import { publish } from './data/live';
import { createModel } from './data/model';
import './styles/index.css';
import { App } from './view/App';

const model = createModel();
const root = document.getElementById('display');
if (root) {
  root.textContent = '';
  render(<App model={model} />, root);
}
publish(model);
startControl(model);
