/** The size of an element, followed when it changes, and whether it has come into sight. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

/** Inner width of an element in CSS pixels; 0 before it is on the screen. */
export function useWidth(element: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return undefined;
    const observer = new ResizeObserver(([entry]) => { if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width)); });
    observer.observe(target);
    setWidth(Math.floor(target.clientWidth));
    return () => observer.disconnect();
  }, []);
  return width;
}

/** True once the element has been in sight, or nearly: what lies far below is not asked for. */
export function useSeen(element: RefObject<HTMLElement>): boolean {
  const [seen, setSeen] = useState(false);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null || seen) return undefined;
    const observer = new IntersectionObserver((entries) => { if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true); }, { rootMargin: '240px' });
    observer.observe(target);
    return () => observer.disconnect();
  }, [seen]);
  return seen;
}
