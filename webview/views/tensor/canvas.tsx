/**
 * A tensor as tiles of coloured cells on a canvas, whole or closely: hover reads, a click selects, arrow keys move a cursor and Enter
 * selects its element; plus, minus and 0 go closer, back and to the whole. Closely only what is in sight is painted and asked for.
 */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CellWindow } from '../../../src/protocol/cell';
import type { TensorAddress } from '../../../src/protocol/tensor';
import type { Domain } from '../../../src/tensor/colormap';
import { colorMap } from '../../../src/tensor/colormap';
import { hasParts, wantParts } from '../../parts';
import { paint } from '../../render/tensor/pixels';
import { annotate, cellText, elementSize, layOut, sceneOf } from '../../render/tensor/scene';
import type { Cell } from '../../render/tensor/tiles';
import { cellAt, cellOf, indexOf, neighbourCell, tileRect } from '../../render/tensor/tiles';
import { blocksInSight, inSight, nextZoom, sliceKey } from '../../render/tensor/zoom';
import type { Picture } from '../../tensors';
import { useTheme } from '../../theme';
import { Outline, Windows } from './outlines';

interface Props {
  readonly picture: Picture;
  readonly address: TensorAddress;
  readonly version: string;
  /** Tiles that make one: 3 or 4 in a colour image. */
  readonly channels: number;
  readonly kind: 'diverging' | 'sequential';
  /** Ends of the colours, a tile's own where there are several. */
  readonly domains: readonly Domain[];
  readonly label: string;
  /** Room in CSS pixels. */
  readonly room: number;
  readonly maxHeight: number;
  /** CSS pixels an element; 0 for the whole picture. */
  readonly cell: number;
  readonly onCell: (cell: number) => void;
  readonly selected: readonly number[] | null;
  readonly onSelect: (index: readonly number[]) => void;
  /** The elements that the cell under the cursor reads. */
  readonly reads?: CellWindow | null;
}

export function TensorCanvas({ room, picture, address, version, channels, kind, domains, label, maxHeight, cell, onCell, selected, onSelect, reads = null }: Props): JSX.Element {
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<{ cell: Cell; x: number; y: number } | null>(null);
  const [aim, setAim] = useState<readonly number[] | null>(null);
  const scale = window.devicePixelRatio || 1;
  const layout = useMemo(
    () => layOut(picture, channels, cell, { width: room, maxHeight, closeHeight: Math.max(maxHeight, 320), scale }), [picture, channels, cell, room, maxHeight, scale],
  );
  const { arrangement, places, cells, width, height } = layout;
  // Windows at full resolution are asked for where what was sent is coarser than what is shown, and the host can cut them.
  const base = cells !== picture && picture.reduction > 1 && hasParts(address) ? `${JSON.stringify(address)} ${version} ${sliceKey(picture.slice)}` : null;
  const scene = (): ReturnType<typeof sceneOf> => sceneOf(layout, colorMap(kind, theme.kind), (tile) => domains[tile] ?? domains[0] ?? { low: 0, high: 1 }, base);
  const draw = (): void => {
    const target = canvas.current, context = target?.getContext('2d') ?? null;
    if (target === null || context === null) return;
    if (target.width !== width || target.height !== height) {
      target.width = width;
      target.height = height;
      target.style.width = `${width / scale}px`;
      target.style.height = `${height / scale}px`;
    }
    const region = { x: Math.round((scroller.current?.scrollLeft ?? 0) * scale), y: Math.round((scroller.current?.scrollTop ?? 0) * scale), width, height };
    const painted = scene();
    context.putImageData(new ImageData(paint(painted, region), width, height), 0, 0);
    annotate(context, layout, painted, region, theme.fontFamily);
    if (base !== null) wantParts(base, blocksInSight(layout.blocks, cells, inSight(arrangement, cells, region, channels), channels), { address, slice: picture.slice }, redraw);
  };
  const latest = useRef(draw);
  latest.current = draw;
  const frameAsked = useRef(0);
  const redraw = (): void => {
    if (frameAsked.current === 0) frameAsked.current = requestAnimationFrame(() => { frameAsked.current = 0; latest.current(); });
  };
  useLayoutEffect(draw, [layout, kind, theme, domains, base]);
  useLayoutEffect(() => () => cancelAnimationFrame(frameAsked.current), []);

  const placeOf = (index: readonly number[] | null): Cell | null => {
    const found = index === null ? null : cellOf(cells, index);
    return found === null ? null : { ...found, tile: Math.floor(found.tile / channels) };
  };
  const elementOf = (place: Cell): number[] => indexOf(cells, { ...place, tile: place.tile * channels });
  const text = (place: Cell): string => cellText(layout, scene(), place);
  const own = placeOf(selected), aimed = placeOf(aim);
  const corner = ({ tile, row, column }: Cell): { x: number; y: number } => {
    const rect = tileRect(arrangement, places, tile);
    return { x: (rect.x + column * arrangement.cellWidth) / scale, y: (rect.y + row * arrangement.cellHeight) / scale };
  };
  /** Scrolls a cell into sight. */
  const show = (place: Cell): void => {
    const box = scroller.current;
    if (box === null) return;
    const { x, y } = corner(place), [across, down] = [arrangement.cellWidth / scale, arrangement.cellHeight / scale];
    if (x < box.scrollLeft || x + across > box.scrollLeft + box.clientWidth) box.scrollLeft = x + across / 2 - box.clientWidth / 2;
    if (y < box.scrollTop || y + down > box.scrollTop + box.clientHeight) box.scrollTop = y + down / 2 - box.clientHeight / 2;
  };
  // Going closer keeps the element that was looked at in sight.
  const focus = useRef<readonly number[] | null>(null);
  useLayoutEffect(() => {
    const place = placeOf(focus.current);
    focus.current = null;
    if (place !== null) { show(place); latest.current(); }
  }, [cell]);
  const zoom = (direction: 1 | -1, at: Cell | null): void => {
    const next = nextZoom(cell, cell === 0 ? elementSize(layout) : elementSize(layOut(picture, channels, 0, { width: room, maxHeight, closeHeight: maxHeight, scale })), direction);
    if (next === cell) return;
    focus.current = at === null ? null : elementOf(at);
    setHover(null);
    onCell(next);
  };

  const cellUnder = (event: MouseEvent): Cell | null => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return null;
    const [x, y] = [event.clientX - box.left + (scroller.current?.scrollLeft ?? 0), event.clientY - box.top + (scroller.current?.scrollTop ?? 0)];
    return cellAt(arrangement, places, x * scale, y * scale);
  };
  const onMove = (event: MouseEvent): void => {
    const [place, box] = [cellUnder(event), frame.current?.getBoundingClientRect()];
    setHover(place === null || box === undefined ? null : { cell: place, x: event.clientX - box.left, y: event.clientY - box.top });
  };
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1 : -1, cellUnder(event));
  };
  const first: Cell = { tile: 0, row: 0, column: 0 };
  const choose = (place: Cell): void => {
    setAim(null);
    onSelect(elementOf(place));
  };
  const move = (place: Cell): void => {
    setHover(null);
    setAim(elementOf(place));
    show(place);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const from = aimed ?? own;
    const actions: Readonly<Record<string, () => void>> = {
      '+': () => zoom(1, from), '=': () => zoom(1, from), '-': () => zoom(-1, from), '0': () => { if (cell !== 0) onCell(0); },
      ' ': () => choose(from ?? first), 'Enter': () => choose(from ?? first),
    };
    const action = actions[event.key];
    if (action !== undefined) action();
    else if (event.key === 'Escape' && aim !== null) setAim(null);
    else if (/^(Arrow|Page|Home|End)/.test(event.key)) move(from === null ? first : neighbourCell(arrangement, places, from, event.key));
    else return;
    event.preventDefault();
  };
  const close = cell !== 0;
  const scrolled = { x: scroller.current?.scrollLeft ?? 0, y: scroller.current?.scrollTop ?? 0 };
  const reading = hover ?? (aimed === null ? null : { cell: aimed, x: corner(aimed).x - scrolled.x + arrangement.cellWidth / scale / 2, y: corner(aimed).y - scrolled.y + arrangement.cellHeight / scale });
  return (
    <div class={`tensor-canvas ${close ? 'close' : ''}`} ref={frame}>
      <div class="tensor-scroll" ref={scroller} style={{ width: `${width / scale}px`, height: `${height / scale}px` }} onScroll={() => { setHover(null); redraw(); }}>
        <div class="tensor-whole" style={{ width: `${arrangement.width / scale}px`, height: `${arrangement.height / scale}px` }}>
          <canvas ref={canvas} tabIndex={0} role="application" aria-roledescription="tensor picture"
            aria-label={`${label}. Arrow keys move, Enter selects, plus and minus go closer and back. ${own === null ? '' : `Selected ${text(own)}`}`}
            onMouseMove={onMove} onMouseLeave={() => setHover(null)} onKeyDown={onKeyDown} onBlur={() => setAim(null)} onWheel={onWheel}
            onClick={(event) => { const place = cellUnder(event); if (place !== null) choose(place); }} />
          {reads !== null && channels === 1 && <Windows picture={cells} arrangement={arrangement} scale={scale} reads={reads} />}
          {own !== null && <Outline extent={places} arrangement={arrangement} cell={own} scale={scale} aimed={false} />}
          {aimed !== null && <Outline extent={places} arrangement={arrangement} cell={aimed} scale={scale} aimed />}
        </div>
      </div>
      {reading !== null && <div class="hover" style={{ left: `${Math.min(reading.x + 12, Math.max(0, room - 90))}px`, top: `${reading.y + 16}px` }}>{text(reading.cell)}</div>}
      <span class="unseen" aria-live="polite">{aimed === null ? '' : text(aimed)}</span>
    </div>
  );
}
