/** The whole graph as an SVG document: the same boxes, lines and texts as on the screen, in the theme's colours. */
import type { Tint } from './colors';
import type { Drawing } from './model';
import { compact } from '../numbers';

export interface SvgColors { readonly background: string; readonly surface: string; readonly border: string; readonly line: string; readonly foreground: string; readonly muted: string; readonly fontFamily: string }

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  // XML 1.0 allows no control characters.
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
const fitting = (text: string, width: number, each: number): string => (text.length * each <= width ? text : `${text.slice(0, Math.max(1, Math.floor(width / each) - 1))}…`);
const round = (value: number): number => Math.round(value * 10) / 10;

/** Size of the document in pixels at zoom 1, with its margin. */
export const svgMargin = 24;

export function graphSvg(drawing: Drawing, title: string, colors: SvgColors, tints: ReadonlyMap<string, Tint>): string {
  const [width, height] = [Math.ceil(drawing.width + 2 * svgMargin), Math.ceil(drawing.height + 2 * svgMargin + 20)];
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
    const number = tint !== undefined && tint.text !== '' ? tint.text : view !== null && view.parameters > 0 ? compact(view.parameters) : '';
    const room = rect.width - 22;
    lines.push(box(rect, 5, colors.surface));
    if (tint !== undefined) lines.push(`<rect x="${round(rect.x + 1)}" y="${round(rect.y + 3)}" width="${tint.stripe}" height="${round(rect.height - 6)}" rx="1" fill="${tint.color}"/>`);
    lines.push(`<text x="${round(rect.x + 12)}" y="${round(rect.y + 18)}" font-size="12" font-weight="600" fill="${colors.foreground}">${escaped(fitting(name, room - (number === '' ? 0 : number.length * 6 + 8), 7.3))}</text>`);
    if (number !== '') lines.push(`<text x="${round(rect.x + rect.width - 11)}" y="${round(rect.y + 18)}" font-size="10" text-anchor="end" fill="${colors.muted}">${escaped(number)}</text>`);
    lines.push(`<text x="${round(rect.x + 12)}" y="${round(rect.y + 33)}" font-size="10.5" fill="${colors.muted}">${escaped(fitting(detail, room, 5.9))}</text>`);
  }
  lines.push('</svg>');
  return lines.join('\n');
}
