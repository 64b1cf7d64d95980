import { expect, it } from 'vitest';
import { createStreamReader, type StreamEvent } from '../src/sse';

function read(pieces: string[]): { events: StreamEvent[]; retries: number[] } {
  const events: StreamEvent[] = [];
  const retries: number[] = [];
  const reader = createStreamReader(
    (event) => events.push(event),
    (ms) => retries.push(ms),
  );
  pieces.forEach((piece) => reader.take(piece));
  return { events, retries };
}

const STREAM = 'retry: 2000\n\nid: a-1\ndata: {"x":1}\n\n:\n\nid: a-2\r\ndata: one\r\ndata: two\r\n\r\nevent: other\rdata:three\r\r\ndata:\n\n';
const READ = {
  events: [
    { id: 'a-1', name: '', data: '{"x":1}' },
    { id: 'a-2', name: '', data: 'one\ntwo' },
    { id: 'a-2', name: 'other', data: 'three' },
    { id: 'a-2', name: '', data: '' },
  ],
  retries: [2000],
};

it('reads events, whatever the line ends, comments and waits between them', () => expect(read([STREAM])).toEqual(READ));

it('reads them cut anywhere', () => {
  expect(read(STREAM.split(''))).toEqual(READ);
  for (let cut = 1; cut < STREAM.length; cut++) expect(read([STREAM.slice(0, cut), STREAM.slice(cut)])).toEqual(READ);
});

it('says when no event is under way', () => {
  const reader = createStreamReader(
    () => undefined,
    () => undefined,
  );
  expect(['id: a-1\nda', 'ta: x\n', '\n', ':\n\n', 'data: y\r\n\r'].map((piece) => reader.take(piece))).toEqual([false, false, true, true, false]);
});

it('waits for the end of an event, and takes none without data', () => {
  expect(read(['id: a-1\ndata: x\n']).events).toEqual([]);
  expect(read(['id: a-1\n\n:\n\n']).events).toEqual([]);
  expect(read(['retry: soon\n\n']).retries).toEqual([]);
});
