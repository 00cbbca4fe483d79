/** The graph's lines, and its boxes when they are too small for text, on cytoscape's canvas; zoom and pan. Boxes with text are DOM (graph.tsx). */
import cytoscape from 'cytoscape';
import type { Core, ElementDefinition, StylesheetJson } from 'cytoscape';
import type { Tint } from '../../render/graph/colors';
import type { Drawing } from '../../render/graph/model';
import type { Point, Rect } from '../../render/layout/graph';
import { edgeKey } from '../../render/graph/paths';
import { offsetPolyline, segmentsOf } from '../../render/graph/polyline';
import type { Theme } from '../../theme';
import { GraphPainter } from './painter';
import { restWhenIdle } from './rest';

/** Below this zoom text cannot be read: boxes are drawn on the canvas instead. */
export const textZoom = 0.34;
/** cytoscape would insert a style element under this id, which the content security policy forbids; ours stands there first. */
const styleId = '__________cytoscape_stylesheet';
const laneDistance = 4;
/** Kept free around a drawing that is fitted, in pixels. */
export const margin = 16;
/** A graph of more boxes and lines than this takes cytoscape longer than a frame to draw; it is painted by ourselves. */
const large = 2500;

export interface GraphState {
  readonly forwardDone: ReadonlySet<string>;
  readonly backwardDone: ReadonlySet<string>;
}
export interface View { readonly zoom: number; readonly pan: Point }

function reserveStyle(): void {
  if (document.getElementById(styleId) !== null) return;
  const marker = document.createElement('template');
  marker.id = styleId;
  document.head.append(marker);
}

function edgeElement(id: string, source: string, target: string, lane: 'single' | 'forward' | 'backward', points: readonly Point[], rects: ReadonlyMap<string, Rect>): ElementDefinition[] {
  const centre = (name: string): Point => {
    const rect = rects.get(name);
    return rect === undefined ? { x: 0, y: 0 } : { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
  };
  const line = lane === 'single' ? points : offsetPolyline(points, lane === 'forward' ? laneDistance : -laneDistance);
  const [first, last] = [line[0], line.at(-1)];
  if (first === undefined || last === undefined) return [];
  const [from, to] = [centre(source), centre(target)];
  const { weights, distances } = segmentsOf(line);
  return [{
    group: 'edges',
    classes: `${lane} ${weights.length > 0 ? 'bent' : ''}`,
    data: {
      id: `${id}:${lane}`, source, target, lane, weights, distances,
      start: `${first.x - from.x}px ${first.y - from.y}px`, end: `${last.x - to.x}px ${last.y - to.y}px`,
    },
  }];
}

function stylesheet(theme: Theme): StylesheetJson {
  const contrast = theme.kind === 'hcDark' || theme.kind === 'hcLight';
  // The typings know fewer edge properties than cytoscape.
  const style = [
    { selector: 'node', style: { shape: 'round-rectangle', 'corner-radius': '5px', width: 'data(width)', height: 'data(height)', 'background-opacity': 0, 'border-width': 0, events: 'no' } },
    { selector: 'node.far', style: { 'background-color': theme.line, 'background-opacity': 1 } },
    { selector: 'node.frame.far', style: { 'background-opacity': 0 } },
    { selector: 'node.far.tinted', style: { 'background-color': 'data(color)' } },
    { selector: 'node.far.current', style: { 'background-color': theme.accent } },
    { selector: 'node.far.found', style: { 'background-color': theme.accent } },
    {
      selector: 'edge', style: {
        'curve-style': 'straight', width: 1.5, 'line-color': theme.line, 'target-arrow-shape': 'triangle', 'target-arrow-color': theme.line, 'arrow-scale': 0.6,
        'source-endpoint': 'data(start)', 'target-endpoint': 'data(end)', events: 'no', 'overlay-opacity': 0, 'z-index': 1,
      },
    },
    { selector: 'edge.bent', style: { 'curve-style': 'round-segments', 'segment-weights': (edge: cytoscape.EdgeSingular) => edge.data('weights') as number[], 'segment-distances': (edge: cytoscape.EdgeSingular) => edge.data('distances') as number[], 'edge-distances': 'endpoints', 'segment-radii': 6, 'radius-type': 'arc-radius' } },
    { selector: 'edge.backward', style: { 'target-arrow-shape': 'none', 'source-arrow-shape': 'triangle', 'source-arrow-color': theme.line } },
    { selector: 'edge.on-path', style: { 'line-color': theme.accent, 'target-arrow-color': theme.accent, width: 3, 'z-index': 3 } },
    { selector: 'edge.off-path', style: { opacity: contrast ? 0.6 : 0.35 } },
    { selector: 'edge.forward.done', style: { 'line-color': theme.forward, 'target-arrow-color': theme.forward, width: contrast ? 2.5 : 2, 'z-index': 2 } },
    { selector: 'edge.backward.done', style: { 'line-color': theme.backward, 'source-arrow-color': theme.backward, width: contrast ? 2.5 : 2, 'z-index': 2 } },
  ];
  return style as unknown as StylesheetJson;
}

/** Boxes and lines for cytoscape: one line an edge, or one for each direction. */
function elementsOf(drawing: Drawing, lanes: boolean, far: boolean): ElementDefinition[] {
  const rects = new Map<string, Rect>([...drawing.nodes, ...drawing.groups].map(({ id, rect }) => [id, rect]));
  const box = (id: string, rect: Rect, classes: string): ElementDefinition => ({ group: 'nodes', classes, data: { id, width: rect.width, height: rect.height }, position: { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 } });
  return [
    ...drawing.nodes.map(({ id, rect }) => box(id, rect, far ? 'far' : '')),
    // Groups are drawn by the DOM; here they only hold the ends of edges.
    ...drawing.groups.map(({ id, rect }) => box(id, rect, 'frame')),
    ...drawing.edges.flatMap(({ id, source, target, points }) => (lanes ? (['forward', 'backward'] as const) : (['single'] as const)).flatMap((lane) => edgeElement(id, source, target, lane, points, rects))),
  ];
}

export class GraphCanvas {
  private readonly cy: Core;
  private touched = false;
  private far = false;
  /** Where the first node stands: what is seen first of a drawing that is too wide. */
  private start = 0;
  private readonly painter: GraphPainter;
  private bounds: Rect = { x: 0, y: 0, width: 1, height: 1 };

  constructor(private readonly container: HTMLElement, private readonly onView: (view: View) => void) {
    reserveStyle();
    this.cy = cytoscape({ container, style: [], elements: [], layout: { name: 'preset' }, minZoom: 0.001, maxZoom: 2.5, autoungrabify: true, autounselectify: true, boxSelectionEnabled: false });
    restWhenIdle(this.cy);
    this.painter = new GraphPainter(container, textZoom);
    this.cy.on('viewport', () => this.viewChanged());
    // A person has chosen what to see; a click on a box alone has not.
    this.cy.on('dragpan scrollzoom pinchzoom', () => { this.touched = true; });
  }

  /** Draws a network: one line an edge, or one for each direction. */
  draw(drawing: Drawing, lanes: boolean): void {
    const toPaint = drawing.nodes.length + drawing.edges.length > large;
    this.painter.draw(toPaint ? drawing : null, lanes);
    const elements = toPaint ? [] : elementsOf(drawing, lanes, this.far);
    this.cy.batch(() => {
      this.cy.elements().remove();
      this.cy.add(elements);
    });
    const first = drawing.nodes[0]?.rect;
    this.start = first === undefined ? 0 : first.x + first.width / 2;
    this.bounds = { x: 0, y: 0, width: drawing.width, height: drawing.height + 20 };
    this.touched = false;
  }

  paint(theme: Theme): void {
    this.cy.style(stylesheet(theme));
    this.painter.paint(theme);
  }

  /** Colours the executed parts: an edge forward once its target has run, backward once the gradient has passed its target. */
  mark({ forwardDone, backwardDone }: GraphState): void {
    this.painter.mark({ forwardDone, backwardDone });
    this.cy.batch(() => {
      this.cy.edges().forEach((edge) => {
        const { source, target } = { source: edge.source().id(), target: edge.target().id() };
        const done = edge.data('lane') === 'forward' ? forwardDone.has(source) : backwardDone.has(target);
        if (edge.hasClass('done') !== done) edge.toggleClass('done', done);
      });
    });
  }

  /** Emphasises nodes when boxes are drawn on the canvas, and the edges of a path, as `edgeKey` writes them. */
  emphasise(current: string | null, found: ReadonlySet<string>, path: ReadonlySet<string> | null): void {
    this.painter.mark({ current, found, path });
    this.cy.batch(() => {
      this.cy.edges().forEach((edge) => {
        const on = path === null ? null : path.has(edgeKey(edge.data('source') as string, edge.data('target') as string));
        edge.toggleClass('on-path', on === true);
        edge.toggleClass('off-path', on === false);
      });
      this.cy.nodes().forEach((node) => {
        node.toggleClass('current', node.id() === current);
        node.toggleClass('found', found.has(node.id()));
      });
    });
  }

  /** Colours of the boxes when they are drawn on the canvas. */
  tint(tints: ReadonlyMap<string, Tint>): void {
    this.painter.mark({ tints });
    this.cy.batch(() => {
      this.cy.nodes().forEach((node) => {
        const color = tints.get(node.id())?.color;
        if (color !== undefined) node.data('color', color);
        node.toggleClass('tinted', color !== undefined);
      });
    });
  }

  private viewChanged(): void {
    const far = this.cy.zoom() < textZoom;
    if (far !== this.far) {
      this.far = far;
      this.cy.batch(() => { this.cy.nodes().toggleClass('far', far); });
    }
    this.painter.move(this.view());
    this.onView(this.view());
  }

  view(): View {
    return { zoom: this.cy.zoom(), pan: this.cy.pan() };
  }

  /** The part of the drawing on the screen. */
  visible(): Rect {
    const { zoom, pan } = this.view();
    return { x: -pan.x / zoom, y: -pan.y / zoom, width: this.container.clientWidth / zoom, height: this.container.clientHeight / zoom };
  }

  /** The room on the screen. */
  get size(): { readonly width: number; readonly height: number } { return { width: this.container.clientWidth, height: this.container.clientHeight }; }

  /**
   * All of it, at most at full size, and centred. With `least`: the start of it, when all of it would be too small to read.
   * @param besides what the map on the left would cover of a view: a column that has room beside it stands there
   */
  fit(least = 0, besides: (zoom: number) => number = () => 0): void {
    const [width, height] = [this.container.clientWidth, this.container.clientHeight];
    if (width === 0 || height === 0) return;
    const across = (width - 2 * margin) / this.bounds.width;
    const whole = Math.min(1, across, (height - 2 * margin) / this.bounds.height);
    // Of a column the text counts, of a wide drawing its shape.
    const enough = across >= least ? least * 0.875 : least * 0.625;
    const zoom = whole >= enough ? whole : Math.max(whole, Math.min(1, Math.max(least * 0.85, Math.min(least * 1.3, across))));
    const tall = this.bounds.height * zoom > height - 2 * margin;
    const wide = this.bounds.width * zoom > width;
    const middle = (width - this.bounds.width * zoom) / 2;
    const beside = Math.min(Math.max(middle, besides(zoom)), width - margin - this.bounds.width * zoom);
    this.cy.viewport({ zoom, pan: { x: wide && zoom > whole ? Math.min(margin, width / 2 - this.start * zoom) : Math.max(middle, beside), y: tall ? margin : Math.max(margin, Math.min(48, (height - this.bounds.height * zoom) / 2)) } });
  }

  /** Where the corner of a part of the drawing is on the screen. */
  onScreen({ x, y }: Rect): Point {
    const { zoom, pan } = this.view();
    return { x: x * zoom + pan.x, y: y * zoom + pan.y };
  }

  /** Moves a part of the drawing to where it was on the screen. */
  hold(rect: Rect, at: Point): void {
    const { x, y } = this.onScreen(rect);
    this.touched = true;
    this.cy.panBy({ x: at.x - x, y: at.y - y });
  }

  /** Brings a point of the drawing to the middle. */
  centre({ x, y }: Point): void {
    const { zoom } = this.view();
    this.touched = true;
    this.cy.pan({ x: this.container.clientWidth / 2 - x * zoom, y: this.container.clientHeight / 2 - y * zoom });
  }

  zoomBy(factor: number): void {
    this.touched = true;
    this.cy.zoom({ level: this.cy.zoom() * factor, renderedPosition: { x: this.container.clientWidth / 2, y: this.container.clientHeight / 2 } });
  }

  /** Keeps its place unless the rectangle is out of sight; then moves as little as needed. */
  reveal(rect: Rect, readable = false): void {
    const room = 24;
    if (readable && this.cy.zoom() < textZoom * 1.6) this.cy.zoom(0.8);
    const { zoom, pan } = this.view();
    const [left, top] = [rect.x * zoom + pan.x, rect.y * zoom + pan.y];
    const [right, bottom] = [left + rect.width * zoom, top + rect.height * zoom];
    const shift = (low: number, high: number, size: number): number => (high - low > size - 2 * room ? (size - low - high) / 2 : low < room ? room - low : high > size - room ? size - room - high : 0);
    // The tools cover the lower edge.
    const [x, y] = [shift(left, right, this.container.clientWidth), shift(top, bottom, this.container.clientHeight - 28)];
    if (x !== 0 || y !== 0) this.cy.panBy({ x, y });
  }

  resized(least: number, besides?: (zoom: number) => number): void {
    this.cy.resize();
    if (!this.touched && this.container.clientWidth > 0) this.fit(least, besides);
    else this.viewChanged();
  }

  destroy(): void {
    this.painter.destroy();
    this.cy.destroy();
  }
}
