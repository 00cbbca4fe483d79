/** A formula, set by KaTeX without trust: no links, no HTML, no macros from outside. */
import katex from 'katex';
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function Formula({ source }: { readonly source: string }): JSX.Element {
  const target = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = target.current;
    if (element === null) return;
    try {
      katex.render(source, element, { trust: false, throwOnError: true, strict: 'ignore', displayMode: false, maxSize: 20, maxExpand: 200 });
    } catch {
      // Not TeX after all: its text still says something.
      element.textContent = source;
    }
  }, [source]);
  return <div class="formula" ref={target} />;
}
