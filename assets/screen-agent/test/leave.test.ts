import { expect, it } from 'vitest';
import { isPath } from '../src/leave';

it('goes to paths of this site alone', () => {
  for (const path of ['/', '/linea2', '/a/b?c=d#e', '/a//b']) expect(isPath(path), path).toBe(true);
  for (const path of ['', 'linea2', '//host', '/\\host', 'http://host/', 'javascript:0', '\\host', '/\t/host', '/\n/host', ' /a', null, 7]) expect(isPath(path), String(path)).toBe(false);
});
