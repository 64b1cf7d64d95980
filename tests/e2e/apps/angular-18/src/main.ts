import { Component, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter, RouterLink, RouterOutlet, ActivatedRoute } from '@angular/router';

@Component({ standalone: true, template: '<h2>Machines</h2><a routerLink="/machines/cnc-1.2">cnc-1.2</a>', imports: [RouterLink] })
class Machines {}

@Component({ standalone: true, template: '<h2>Machine {{ name }}</h2>', styles: 'h2 { color: rgb(4, 5, 6) }' })
class Machine {
  name: string | null;
  constructor(route: ActivatedRoute) {
    this.name = route.snapshot.paramMap.get('name');
  }
}

@Component({
  standalone: true,
  selector: 'app-root',
  imports: [RouterOutlet],
  template: '<h1>Angular</h1><button (click)="count.set(count() + 1)">{{ count() }}</button><router-outlet />',
  styles: 'h1 { color: rgb(7, 8, 9) }',
})
class App {
  count = signal(0);
}

bootstrapApplication(App, {
  providers: [provideRouter([{ path: '', component: Machines }, { path: 'machines/:name', component: Machine }])],
}).catch((error) => console.error(error));
