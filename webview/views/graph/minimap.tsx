/** The whole graph in the corner, with a frame around what is in sight; a click or drag goes there. The keyboard has the graph itself. */
import type { JSX, Ref } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Tint } from '../../render/graph/colors';
import type { Drawing } from '../../render/graph/model';
import type { Point } from '../../render/layout/graph';
import { useTheme } from '../../theme';

export interface Size { readonly width: number; readonly height: number }

/** The map is never larger, and takes no more than these parts of the graph's own room; in less than `least` there is none. */
const most: Size = { width: 132, height: 150 };
const part: Size = { width: 0.22, height: 0.28 };
const least: Size = { width: 220, height: 260 };

/** Whether the graph has room for a map, and more than is in sight. */
export const wantsMap = (drawing: Drawing, room: Size, zoom: number): boolean =>
  drawing.nodes.length > 12 && room.width >= least.width && room.height >= least.height && (drawing.width * zoom > 1.25 * room.width || drawing.height * zoom > 1.25 * room.height);

/** Pixels of the minimap for a pixel of the drawing. */
export const minimapScale = ({ width, height }: Drawing, room: Size): number =>
  Math.min(Math.min(most.width, part.width * room.width) / Math.max(1, width), Math.min(most.height, part.height * room.height) / Math.max(1, height));

/** Pixels that the map takes from the left, with its border. */
export const minimapRoom = (drawing: Drawing, room: Size): number => Math.ceil(drawing.width * minimapScale(drawing, room)) + 20;

interface Props {
  readonly drawing: Drawing;
  /** The room that the graph has. */
  readonly room: Size;
  readonly tints: ReadonlyMap<string, Tint>;
  readonly marked: ReadonlySet<string>;
  /** Moved by the graph whenever its view changes. */
  readonly frame: Ref<HTMLDivElement>;
  readonly onMove: (centre: Point) => void;
}

export function Minimap({ drawing, room, tints, marked, frame, onMove }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const scale = minimapScale(drawing, room);
  const [width, height] = [Math.max(10, Math.ceil(drawing.width * scale)), Math.max(10, Math.ceil(drawing.height * scale))];
  useLayoutEffect(() => {
    const [target, sharp] = [canvas.current, window.devicePixelRatio];
    const context = target?.getContext('2d') ?? null;
    if (target === null || context === null) return;
    target.width = width * sharp;
    target.height = height * sharp;
    context.scale(sharp, sharp);
    context.strokeStyle = theme.border;
    for (const { rect } of drawing.groups) context.strokeRect(rect.x * scale, rect.y * scale, rect.width * scale, rect.height * scale);
    for (const { id, rect } of drawing.nodes) {
      context.fillStyle = marked.has(id) ? theme.accent : tints.get(id)?.color ?? theme.line;
      context.fillRect(rect.x * scale, rect.y * scale, Math.max(1, rect.width * scale), Math.max(1, rect.height * scale));
    }
  }, [drawing, tints, marked, theme, width, height]);
  const move = (event: JSX.TargetedPointerEvent<HTMLDivElement>): void => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    onMove({ x: (event.clientX - left) / scale, y: (event.clientY - top) / scale });
  };
  return (
    <div class="minimap" aria-hidden="true" style={{ width: `${width}px`, height: `${height}px` }}
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); move(event); }} onPointerMove={(event) => { if (event.buttons === 1) move(event); }}>
      <canvas ref={canvas} style={{ width: `${width}px`, height: `${height}px` }} />
      <div class="minimap-frame" ref={frame} />
    </div>
  );
}
