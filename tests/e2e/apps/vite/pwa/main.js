// Everything from the service worker's cache, once it is there.
import { registerSW } from 'virtual:pwa-register';
import './style.css';

registerSW({ immediate: true });
navigator.serviceWorker.ready.then(() => {
  document.getElementById('app').innerHTML = `<h1>PWA</h1><p class="done">ready at ${location.pathname}</p>`;
});
