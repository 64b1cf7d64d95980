import { NONE } from '../text/numbers';
import { useChanged } from './changed';

interface Props {
  class: string;
  /** The name of the value, for whoever looks for it in the page. */
  value?: string;
  text: string;
}

/** A figure that lights up when it changes. */
export function Figure({ class: name, value, text }: Props) {
  const changed = useChanged(text === NONE ? null : text);
  return (
    <span class={name + changed} data-value={value}>
      {text}
    </span>
  );
}
