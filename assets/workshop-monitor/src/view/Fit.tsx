import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  class: string;
  children: ComponentChildren;
  as?: 'p' | 'h2';
  /** The name of the value, for whoever looks for it in the page. */
  value?: string;
}

/**
 * A line that must be read whole: where the TV's font is wider than the one that the sizes were chosen for, it is drawn
 * smaller. What is inside has its sizes in em.
 */
export function Fit({ class: name, children, as: Tag = 'p', value }: Props) {
  const outer = useRef<HTMLParagraphElement>(null);
  const inner = useRef<HTMLSpanElement>(null);
  const fit = useRef(() => {
    if (!outer.current || !inner.current) return;
    const { style } = inner.current;
    style.fontSize = '';
    const room = outer.current.clientWidth;
    let size = 100;
    // Widths of letters are whole pixels on many TVs, so that smaller letters may take more than their share.
    for (let tries = 0; tries < 3 && room > 0; tries++) {
      const wanted = inner.current.getBoundingClientRect().width;
      if (wanted <= room) return;
      size = Math.floor((size * (room - 0.5) * 10) / wanted) / 10;
      style.fontSize = size + '%';
    }
  });
  useLayoutEffect(() => fit.current());
  useEffect(() => {
    const again = fit.current;
    window.addEventListener('resize', again);
    return () => window.removeEventListener('resize', again);
  }, []);
  return (
    <Tag class={'fit ' + name} ref={outer as never} data-value={value}>
      <span class="fit-inner" ref={inner}>
        {children}
      </span>
    </Tag>
  );
}
