// Templates that are compiled in the browser, as in the build that Vue documents for them.
import { createApp, ref } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import './style.css';

const Machines = {
  template: `<h2>Machines</h2><ul><li v-for="name in names" :key="name"><router-link :to="'/machines/' + name">{{ name }}</router-link></li></ul>`,
  setup: () => ({ names: ['cnc-1.2', 'press@hall'] }),
};
const Machine = { template: '<h2 class="machine">Machine {{ $route.params.name }}</h2>' };

createApp({
  template: '<h1>Vue</h1><button @click="count++">{{ count }}</button><router-view />',
  setup: () => ({ count: ref(0) }),
})
  .use(createRouter({
    history: createWebHistory(),
    routes: [{ path: '/', component: Machines }, { path: '/machines/:name', component: Machine }],
  }))
  .mount('#app');
