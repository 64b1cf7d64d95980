/** One event of a stream of events (HTML, section 9.2). */
export interface StreamEvent {
  id: string;
  /** Empty where the stream names none. */
  name: string;
  data: string;
}

export interface StreamReader {
  /** Takes what has arrived since the last time, cut anywhere. Gives whether no event is under way. */
  take(text: string): boolean;
}

export function createStreamReader(onEvent: (event: StreamEvent) => void, onRetry: (ms: number) => void): StreamReader {
  let rest = '';
  let id = '';
  let event = '';
  let data: string[] = [];

  const line = (text: string) => {
    if (text === '') {
      if (data.length > 0) onEvent({ id, name: event, data: data.join('\n') });
      data = [];
      event = '';
      return;
    }
    const colon = text.indexOf(':');
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'id') id = value;
    else if (name === 'event') event = value;
    else if (name === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
  };

  return {
    take(text) {
      rest += text;
      for (;;) {
        const end = rest.search(/[\r\n]/);
        // A return may be half of a line's end; the other half is still to come.
        if (end < 0 || (end === rest.length - 1 && rest.charAt(end) === '\r')) return rest === '' && data.length === 0;
        line(rest.slice(0, end));
        rest = rest.slice(rest.substr(end, 2) === '\r\n' ? end + 2 : end + 1);
      }
    },
  };
}
