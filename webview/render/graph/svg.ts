/** The whole graph as an SVG document: the same boxes, lines and texts as on the screen, in the theme's colours. */
import { numberOn } from './colors';
import type { LegendEntry, Tint } from './colors';
import type { Drawing } from './model';

export interface SvgColors { readonly background: string; readonly surface: string; readonly border: string; readonly line: string; readonly foreground: string; readonly muted: string; readonly fontFamily: string }

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  // XML 1.0 allows no control characters.
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
const fitting = (text: string, width: number, each: number): string => (text.length * each <= width ? text : `${text.slice(0, Math.max(1, Math.floor(width / each) - 1))}…`);
const round = (value: number): number => Math.round(value * 10) / 10;

const svgMargin = 24;

/** What colours and numbers on the boxes mean. */
export interface SvgKey { readonly title: string; readonly entries: readonly LegendEntry[]; /** What the numbers count; empty when there are none. */ readonly unit: string }
const keyRow = 18;
const keyRows = ({ entries, unit }: SvgKey): number => (entries.length > 0 ? entries.length + 1 : 0) + (unit === '' ? 0 : 1);
/** Widest text of the key. */
const keyWidth = 220;

/** Size of the document in pixels at zoom 1, with its margin and the key below. */
export const svgSize = (drawing: Drawing, key: SvgKey): { readonly width: number; readonly height: number } =>
  ({ width: Math.ceil(Math.max(drawing.width, keyRows(key) > 0 ? keyWidth : 0) + 2 * svgMargin), height: Math.ceil(drawing.height + 2 * svgMargin + 20 + (keyRows(key) > 0 ? keyRow * (keyRows(key) + 1) : 0)) });

export function graphSvg(drawing: Drawing, title: string, colors: SvgColors, tints: ReadonlyMap<string, Tint>, key: SvgKey): string {
  const { width, height } = svgSize(drawing, key);
  const counts = key.unit === 'parameters';
  const lines: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-svgMargin} ${-svgMargin} ${width} ${height}" font-family="${escaped(colors.fontFamily)}">`,
    `<title>${escaped(title)}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z" fill="${colors.line}"/></marker></defs>`,
    `<rect x="${-svgMargin}" y="${-svgMargin}" width="${width}" height="${height}" fill="${colors.background}"/>`,
  ];
  const box = ({ x, y, width: w, height: h }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }, radius: number, fill: string): string =>
    `<rect x="${round(x)}" y="${round(y)}" width="${round(w)}" height="${round(h)}" rx="${radius}" fill="${fill}" stroke="${colors.border}"/>`;
  for (const { rect, title: name } of drawing.groups) {
    lines.push(box(rect, 7, 'none'), `<text x="${round(rect.x + 10)}" y="${round(rect.y + 16)}" font-size="10.5" fill="${colors.muted}">${escaped(fitting(name, rect.width - 20, 5.9))}</text>`);
  }
  for (const { points } of drawing.edges) lines.push(`<polyline points="${points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')}" fill="none" stroke="${colors.line}" stroke-width="1.5" stroke-linejoin="round" marker-end="url(#arrow)"/>`);
  for (const { x, y, text } of drawing.labels) lines.push(`<text x="${round(x + 11)}" y="${round(y + 16)}" font-size="10.5" fill="${colors.muted}">${escaped(text)}</text>`);
  for (const { id, rect, title: name, detail, view } of drawing.nodes) {
    const tint = tints.get(id);
    const number = numberOn(view, tint ?? null, counts);
    const room = rect.width - 22;
    lines.push(box(rect, 5, colors.surface));
    if (tint !== undefined) lines.push(`<rect x="${round(rect.x + 1)}" y="${round(rect.y + 3)}" width="${tint.stripe}" height="${round(rect.height - 6)}" rx="1" fill="${tint.color}"/>`);
    lines.push(`<text x="${round(rect.x + 12)}" y="${round(rect.y + 18)}" font-size="12" font-weight="600" fill="${colors.foreground}">${escaped(fitting(name, room - (number === '' ? 0 : number.length * 6 + 8), 7.3))}</text>`);
    if (number !== '') lines.push(`<text x="${round(rect.x + rect.width - 11)}" y="${round(rect.y + 18)}" font-size="10" text-anchor="end" fill="${colors.muted}">${escaped(number)}</text>`);
    lines.push(`<text x="${round(rect.x + 12)}" y="${round(rect.y + 33)}" font-size="10.5" fill="${colors.muted}">${escaped(fitting(detail, room, 5.9))}</text>`);
  }
  let y = drawing.height + 20 + keyRow;
  if (key.entries.length > 0) lines.push(`<text x="0" y="${round(y)}" font-size="11" font-weight="600" fill="${colors.foreground}">${escaped(key.title)}</text>`);
  for (const { color, stripe, text } of key.entries) {
    y += keyRow;
    lines.push(`<rect x="0" y="${round(y - 9)}" width="${round(2 * stripe)}" height="10" rx="2" fill="${color}"/><text x="26" y="${round(y)}" font-size="10.5" fill="${colors.foreground}">${escaped(text)}</text>`);
  }
  if (key.unit !== '') lines.push(`<text x="0" y="${round(key.entries.length > 0 ? y + keyRow : y)}" font-size="10.5" fill="${colors.muted}">${escaped(`number on a box: ${key.unit}`)}</text>`);
  lines.push('</svg>');
  return lines.join('\n');
}
