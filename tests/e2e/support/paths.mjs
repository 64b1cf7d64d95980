import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
export const here = (path) => join(folder, path);
export const dist = (path = '') => join(folder, '../../assets/workshop-monitor/dist', path);

export function artefact(name) {
  mkdirSync(here('artefacts'), { recursive: true });
  return here(`artefacts/${name}`);
}
