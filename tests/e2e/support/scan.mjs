// What a telephone's camera reads from a picture.
import { execFileSync } from 'node:child_process';

/** The text of the one QR code in a picture. */
export function scan(file) {
  return execFileSync('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
