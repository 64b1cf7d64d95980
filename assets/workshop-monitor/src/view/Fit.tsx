import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  class: string;
  children: ComponentChildren;
  /** The name of the value, for whoever looks for it in the page. */
  value?: string;
}

/**
 * A line that must be read whole: where the TV's font is wider than the one that the sizes were chosen for, it is drawn
 * smaller. What is inside has its sizes in em.
 */
export function Fit({ class: name, children, value }: Props) {
  const outer = useRef<HTMLParagraphElement>(null);
  const inner = useRef<HTMLSpanElement>(null);
  const fit = useRef(() => {
    if (!outer.current || !inner.current) return;
    const { style } = inner.current;
    style.fontSize = '';
    const [room, wanted] = [outer.current.clientWidth, inner.current.offsetWidth];
    if (wanted > room && room > 0) style.fontSize = Math.floor((room / wanted) * 1000) / 10 + '%';
  });
  useLayoutEffect(() => fit.current());
  useEffect(() => {
    const again = fit.current;
    window.addEventListener('resize', again);
    return () => window.removeEventListener('resize', again);
  }, []);
  return (
    <p class={'fit ' + name} ref={outer} data-value={value}>
      <span class="fit-inner" ref={inner}>
        {children}
      </span>
    </p>
  );
}
