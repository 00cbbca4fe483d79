/**
 * Paints graphs that are too large for cytoscape: a picture of what is in sight and around it moves and scales while the view moves, and is drawn
 * anew, a few milliseconds a frame, once it rests; a coarse picture of everything fills what is not drawn yet.
 */
import type { Tint } from '../../render/graph/colors';
import type { Drawing } from '../../render/graph/model';
import type { Point, Rect } from '../../render/layout/graph';
import { edgeKey } from '../../render/graph/paths';
import { offsetPolyline } from '../../render/graph/polyline';
import type { Theme } from '../../theme';

export interface PaintState {
  readonly forwardDone: ReadonlySet<string>;
  readonly backwardDone: ReadonlySet<string>;
  readonly current: string | null;
  readonly found: ReadonlySet<string>;
  readonly path: ReadonlySet<string> | null;
  readonly tints: ReadonlyMap<string, Tint>;
}
export const noState: PaintState = { forwardDone: new Set(), backwardDone: new Set(), current: null, found: new Set(), path: null, tints: new Map() };

interface Line { readonly source: string; readonly target: string; readonly lane: 'single' | 'forward' | 'backward'; readonly points: readonly Point[]; readonly box: Rect }
interface View { readonly zoom: number; readonly pan: Point }
/** A part of the drawing as it looks at a zoom. */
interface Picture { readonly canvas: HTMLCanvasElement; readonly zoom: number; readonly area: Rect; readonly boxes: boolean }

/** Milliseconds without movement before the picture is drawn anew, and for which it is drawn in one frame. */
const [rest, slice] = [70, 6];
/** Sides of the picture of everything, in pixels. */
const coarse = 1400;
const around = 0.35;

const overlap = (a: Rect, b: Rect): boolean => a.x < b.x + b.width && a.x + a.width > b.x && a.y < b.y + b.height && a.y + a.height > b.y;

function boundsOf(points: readonly Point[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left - 6, y: top - 6, width: right - left + 12, height: bottom - top + 12 };
}

export class GraphPainter {
  private readonly canvas = document.createElement('canvas');
  private drawing: Drawing | null = null;
  private lines: readonly Line[] = [];
  private state = noState;
  private theme: Theme | null = null;
  private view: View = { zoom: 1, pan: { x: 0, y: 0 } };
  private picture: Picture | null = null;
  private whole: Picture | null = null;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts what makes a picture that is being drawn useless. */
  private version = 0;

  /** @param boxesBelow the zoom below which boxes are painted here, for they are too small for text */
  constructor(private readonly container: HTMLElement, private readonly boxesBelow: number) {
    this.canvas.className = 'graph-paint';
    this.canvas.setAttribute('aria-hidden', 'true');
    container.append(this.canvas);
  }

  /** Takes a drawing, or null when cytoscape draws it. */
  draw(drawing: Drawing | null, lanes: boolean): void {
    this.drawing = drawing;
    this.picture = this.whole = null;
    this.canvas.hidden = drawing === null;
    this.lines = (drawing?.edges ?? []).flatMap(({ source, target, points }): Line[] => (lanes ? (['forward', 'backward'] as const) : (['single'] as const)).map((lane) => {
      const shifted = lane === 'single' ? points : offsetPolyline(points, lane === 'forward' ? 4 : -4);
      return { source, target, lane, points: shifted, box: boundsOf(shifted) };
    }));
    this.outdated();
  }

  paint(theme: Theme): void {
    this.theme = theme;
    this.outdated();
  }

  mark(change: Partial<PaintState>): void {
    this.state = { ...this.state, ...change };
    this.outdated();
  }

  move(view: View): void {
    this.view = view;
    this.version += 1;
    if (this.drawing === null) return;
    if (this.frame === 0) this.frame = requestAnimationFrame(() => { this.frame = 0; this.show(); });
    this.renewSoon(rest);
  }

  destroy(): void {
    this.version += 1;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.canvas.remove();
  }

  private outdated(): void {
    this.version += 1;
    if (this.drawing !== null) this.renewSoon(0);
  }

  private renewSoon(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { void this.renew(); }, delay);
  }

  /** Puts the pictures where they belong at the present view. */
  private show(): void {
    const { clientWidth: width, clientHeight: height } = this.container;
    const sharp = devicePixelRatio;
    if (this.canvas.width !== Math.round(width * sharp) || this.canvas.height !== Math.round(height * sharp)) {
      this.canvas.width = Math.round(width * sharp);
      this.canvas.height = Math.round(height * sharp);
    }
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const { zoom, pan } = this.view;
    const put = ({ canvas, area }: Picture): void => context.drawImage(canvas, (area.x * zoom + pan.x) * sharp, (area.y * zoom + pan.y) * sharp, area.width * zoom * sharp, area.height * zoom * sharp);
    const needsBoxes = zoom < this.boxesBelow;
    const sight = this.sight(0);
    const { picture } = this;
    const covers = picture !== null && picture.area.x <= sight.x && picture.area.y <= sight.y && picture.area.x + picture.area.width >= sight.x + sight.width && picture.area.y + picture.area.height >= sight.y + sight.height;
    const usable = picture !== null && (picture.boxes || !needsBoxes);
    if (this.whole !== null && !(covers && usable) && needsBoxes) put(this.whole);
    else if (picture !== null) put(picture);
    if (picture !== null && usable && needsBoxes && covers) put(picture);
  }

  /** What is in sight, with a margin as a share of it, in the drawing's coordinates. */
  private sight(margin: number): Rect {
    const { zoom, pan } = this.view;
    const [width, height] = [this.container.clientWidth / zoom, this.container.clientHeight / zoom];
    return { x: -pan.x / zoom - margin * width, y: -pan.y / zoom - margin * height, width: (1 + 2 * margin) * width, height: (1 + 2 * margin) * height };
  }

  private async renew(): Promise<void> {
    const { drawing, version } = this;
    if (drawing === null || this.container.clientWidth === 0) return;
    const all = { x: 0, y: 0, width: drawing.width, height: drawing.height };
    const seen = this.sight(around);
    const [left, top] = [Math.max(-20, seen.x), Math.max(-20, seen.y)];
    const area = { x: left, y: top, width: Math.min(drawing.width + 40, seen.x + seen.width) - left, height: Math.min(drawing.height + 40, seen.y + seen.height) - top };
    const { zoom } = this.view;
    const first = this.picture === null;
    const picture = area.width > 0 && area.height > 0 ? await this.drawn(area, zoom * devicePixelRatio, zoom < this.boxesBelow, version, first) : null;
    if (this.version !== version) return;
    this.picture = picture;
    this.show();
    if (this.whole !== null && !this.stale) return;
    const scale = Math.min(1, coarse / Math.max(all.width, all.height));
    const whole = await this.drawn(all, scale, true, version, false);
    if (whole === null) return;
    this.whole = whole;
    this.wholeState = this.state;
    this.wholeTheme = this.theme;
  }

  private wholeState: PaintState | null = null;
  private wholeTheme: Theme | null = null;
  private get stale(): boolean { return this.wholeState !== this.state || this.wholeTheme !== this.theme; }

  /** Draws a part; null when it is no longer wanted. @param atOnce without giving frames in between */
  private async drawn(area: Rect, scale: number, boxes: boolean, version: number, atOnce: boolean): Promise<Picture | null> {
    const { drawing, theme, state } = this;
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.ceil(area.width * scale));
    canvas.height = Math.max(1, Math.ceil(area.height * scale));
    // Kept in memory that can be read, so that reading a pixel has done all drawing so far: else the browser would do it in one go at the end.
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null || drawing === null || theme === null) return null;
    context.setTransform(scale, 0, 0, scale, -area.x * scale, -area.y * scale);
    context.lineJoin = 'round';
    const strong = theme.kind === 'hcDark' || theme.kind === 'hcLight';
    const thin = Math.max(1.5, 0.6 / scale);
    const styleOf = (line: Line): { color: string; width: number; faint: boolean } => {
      if (state.path !== null) return state.path.has(edgeKey(line.source, line.target)) ? { color: theme.accent, width: 2 * thin, faint: false } : { color: theme.line, width: thin, faint: true };
      if (line.lane === 'forward' && state.forwardDone.has(line.source)) return { color: theme.forward, width: strong ? 2.5 : 2, faint: false };
      if (line.lane === 'backward' && state.backwardDone.has(line.target)) return { color: theme.backward, width: strong ? 2.5 : 2, faint: false };
      return { color: theme.line, width: thin, faint: false };
    };
    const arrows = scale > 0.25;
    let began = performance.now();
    /** True when it is to go on; gives the frame away when its time is used up. */
    const goOn = async (): Promise<boolean> => {
      if (atOnce) return true;
      context.getImageData(0, 0, 1, 1);
      if (performance.now() - began < slice) return true;
      await new Promise((resolve) => { requestAnimationFrame(resolve); });
      began = performance.now();
      return this.version === version;
    };
    let count = 0;
    for (const line of this.lines) {
      if (!overlap(line.box, area)) continue;
      const { color, width, faint } = styleOf(line);
      context.globalAlpha = faint ? 0.35 : 1;
      context.strokeStyle = context.fillStyle = color;
      context.lineWidth = width;
      stroke(context, line.points, scale > 0.3 ? 6 : 0);
      if (arrows) arrow(context, line.lane === 'backward' ? [...line.points].reverse() : line.points);
      count += 1;
      if (count % 40 === 0 && !await goOn()) return null;
    }
    context.globalAlpha = 1;
    if (boxes) {
      for (const { id, rect } of drawing.nodes) {
        if (!overlap(rect, area)) continue;
        context.fillStyle = id === state.current || state.found.has(id) ? theme.accent : state.tints.get(id)?.color ?? theme.line;
        context.fillRect(rect.x, rect.y, Math.max(rect.width, 1 / scale), Math.max(rect.height, 1 / scale));
        count += 1;
        if (count % 200 === 0 && !await goOn()) return null;
      }
    }
    return this.version === version ? { canvas, zoom: scale, area, boxes } : null;
  }
}

function stroke(context: CanvasRenderingContext2D, points: readonly Point[], radius: number): void {
  context.beginPath();
  points.forEach(({ x, y }, index) => {
    const next = points[index + 1];
    if (index === 0) context.moveTo(x, y);
    else if (next === undefined || radius === 0) context.lineTo(x, y);
    else context.arcTo(x, y, next.x, next.y, radius);
  });
  context.stroke();
}

function arrow(context: CanvasRenderingContext2D, points: readonly Point[]): void {
  const [tip, before] = [points.at(-1), points.at(-2)];
  if (tip === undefined || before === undefined) return;
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [dx, dy] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  context.beginPath();
  context.moveTo(tip.x, tip.y);
  context.lineTo(tip.x - 6 * dx - 3 * dy, tip.y - 6 * dy + 3 * dx);
  context.lineTo(tip.x - 6 * dx + 3 * dy, tip.y - 6 * dy - 3 * dx);
  context.fill();
}
