/** VS Code's theme for what CSS cannot reach (canvases, the graph): its kind and its colours, followed when it changes. */
import { useLayoutEffect, useState } from 'preact/hooks';
import type { ThemeKind } from '../src/tensor/colormap';

export interface Theme {
  readonly kind: ThemeKind;
  readonly foreground: string;
  readonly muted: string;
  readonly background: string;
  readonly surface: string;
  readonly border: string;
  /** Lines of the graph. */
  readonly line: string;
  readonly accent: string;
  readonly forward: string;
  readonly backward: string;
  readonly fontFamily: string;
  readonly reducedMotion: boolean;
}

function kindOf(classes: DOMTokenList): ThemeKind {
  if (classes.contains('vscode-high-contrast-light')) return 'hcLight';
  if (classes.contains('vscode-high-contrast')) return 'hcDark';
  return classes.contains('vscode-light') ? 'light' : 'dark';
}

/** A colour as canvases and cytoscape understand it; `color-mix` and the like are resolved by the browser. */
function resolved(probe: HTMLElement, variable: string): string {
  probe.style.color = `var(${variable})`;
  const color = getComputedStyle(probe).color;
  const match = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)/.exec(color);
  return match === null ? color : `rgb(${match.slice(1, 4).map((part) => Math.round(255 * Number(part))).join(', ')})`;
}

function read(): Theme {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const color = (name: string): string => resolved(probe, `--bs-${name}`);
  const theme: Theme = {
    kind: kindOf(document.body.classList),
    foreground: color('foreground'), muted: color('muted'), background: color('background'), surface: color('surface'), border: color('border'),
    line: color('edge'), accent: color('accent'), forward: color('forward'), backward: color('backward'),
    fontFamily: getComputedStyle(document.body).fontFamily,
    reducedMotion: document.body.classList.contains('vscode-reduce-motion') || matchMedia('(prefers-reduced-motion: reduce)').matches,
  };
  probe.remove();
  return theme;
}

let theme: Theme | null = null;
const listeners = new Set<(theme: Theme) => void>();

export function currentTheme(): Theme {
  if (theme === null) {
    theme = read();
    // VS Code sets the body's class and the root's variables when the theme changes.
    const observer = new MutationObserver(() => {
      const next = read();
      if (JSON.stringify(next) === JSON.stringify(theme)) return;
      theme = next;
      for (const listener of listeners) listener(next);
    });
    observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  }
  return theme;
}

export function onTheme(listener: (theme: Theme) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  const [value, setValue] = useState(currentTheme);
  useLayoutEffect(() => onTheme(setValue), []);
  return value;
}
