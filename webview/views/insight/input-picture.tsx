/** One example of the input on a canvas, with what matters in colour over it and a frame around what is seen; a vector as bars. */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CellWindow } from '../../../src/protocol/cell';
import type { TensorPicture } from '../../../src/protocol/tensor';
import { shortNumber } from '../../render/numbers';
import { paintOverlay, peakOf, planeOf } from '../../render/graph/overlay';
import { useTheme } from '../../theme';
import { Bars } from './bars';
import { Legend } from '../tensor/legend';
import { useWidth } from '../size';

interface Props {
  readonly input: TensorPicture | null;
  readonly map: TensorPicture | null;
  /** What is framed, in the whole input's indices: `[example, …, channel]`. */
  readonly frame?: CellWindow | null;
  /** What the elements of a vector are called. */
  readonly names?: readonly string[] | null;
  readonly label: string;
  readonly maxHeight: number;
}

const legendRoom = 78;
/** Vectors up to this long become bars. */
const longestBars = 24;

const isVector = (picture: TensorPicture): boolean => picture.shape.length <= 2;

function Vector({ input, map, names, label }: Props): JSX.Element {
  const [values, weights] = [input, map].map((picture) => (picture === null ? null : new Float32Array(picture.values)));
  const shown = weights ?? values ?? new Float32Array();
  return <Bars label={label} items={[...shown].map((value, at) => ({ key: String(at), label: names?.[at] ?? `[${at}]`, detail: weights === null || values == null ? '' : `= ${shortNumber(values[at] ?? NaN, 3)}`, value }))} />;
}

function Canvas({ input, map, frame, label, maxHeight, room }: Props & { readonly room: number }): JSX.Element {
  const { kind } = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null), box = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<{ readonly text: string; readonly x: number; readonly y: number } | null>(null);
  const scale = window.devicePixelRatio || 1;
  const planes = useMemo(() => ({ input: input === null ? null : planeOf(input), map: map === null ? null : planeOf(map) }), [input, map]);
  const plane = planes.input ?? planes.map;
  const rows = plane?.rows ?? 1, columns = plane?.columns ?? 1;
  const fit = Math.min((room * scale) / columns, (maxHeight * scale) / rows, 14 * scale);
  const cell = fit >= 1 ? Math.floor(fit) : fit;
  const width = Math.max(1, Math.round(columns * cell)), height = Math.max(1, Math.round(rows * cell));
  const peak = planes.map === null ? null : peakOf(planes.map);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d') ?? null;
    if (canvas.current === null || context === null) return;
    canvas.current.width = width;
    canvas.current.height = height;
    canvas.current.style.width = `${width / scale}px`;
    canvas.current.style.height = `${height / scale}px`;
    context.putImageData(new ImageData(paintOverlay({ ...planes, reach: Math.abs(peak?.value ?? 0) || 1, width, height, theme: kind }), width, height), 0, 0);
  }, [planes, width, height, kind]);
  const onMove = (event: MouseEvent): void => {
    const own = canvas.current?.getBoundingClientRect();
    if (own === undefined || plane === null) return;
    const [x, y] = [event.clientX - own.left, event.clientY - own.top];
    const [down, across] = [y / own.height, x / own.width];
    const read = (from: typeof plane | null): number[] => (from === null ? [] : Array.from({ length: Math.min(4, from.tiles) }, (_, channel) => from.floats[(channel * from.rows + Math.min(from.rows - 1, Math.floor(down * from.rows))) * from.columns + Math.min(from.columns - 1, Math.floor(across * from.columns))] ?? NaN));
    const step = plane.reduction, place = `[${Math.floor(down * rows) * step}, ${Math.floor(across * columns) * step}]`;
    const value = planes.map === null ? '' : ` ${shortNumber(read(planes.map)[0] ?? NaN, 3)}`;
    setHover({ text: `${place}${value}${planes.input === null ? '' : ` · input ${read(planes.input).map((each) => shortNumber(each, 3)).join(' ')}`}`, x, y });
  };
  const step = plane?.reduction ?? 1, ratio = cell / scale / step;
  const { rowAxis, columnAxis } = (input ?? map)?.slice ?? { rowAxis: null, columnAxis: null };
  const framed = frame == null || frame.start.length < 3 || rowAxis === null || columnAxis === null ? null : {
    left: (frame.start[columnAxis] ?? 0) * ratio, top: (frame.start[rowAxis] ?? 0) * ratio, width: (frame.extent[columnAxis] ?? 0) * ratio, height: (frame.extent[rowAxis] ?? 0) * ratio,
  };
  const words = peak === null || peak.value === 0 ? '' : `, strongest at row ${peak.row * step}, column ${peak.column * step}: ${shortNumber(peak.value, 3)}`;
  return (
    <div class="card-picture">
      <div class="tensor-canvas" ref={box}>
        <canvas ref={canvas} class="still" role="img" aria-label={`${label}${words}`} onMouseMove={onMove} onMouseLeave={() => setHover(null)} />
        {framed !== null && <div class="outline window" style={Object.fromEntries(Object.entries(framed).map(([name, value]) => [name, `${value}px`]))} />}
        {hover !== null && <div class="hover" style={{ left: `${Math.min(hover.x + 12, Math.max(0, room - 60))}px`, top: `${hover.y + 16}px` }}>{hover.text}</div>}
      </div>
      {peak !== null && peak.value !== 0 && <Legend kind="diverging" domain={{ low: -Math.abs(peak.value), high: Math.abs(peak.value) }} many={false} image={false} clip={0} scale="tensor" nan={map?.statistics.nan ?? 0} infinite={map?.statistics.infinite ?? 0} />}
    </div>
  );
}

export function InputPicture(props: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const picture = props.input ?? props.map;
  const vector = picture !== null && isVector(picture) && picture.columns <= longestBars;
  return (
    <div class="card-body" ref={frame}>
      {width > 0 && picture !== null && (vector ? <Vector {...props} /> : <Canvas {...props} room={Math.max(60, width - legendRoom)} />)}
    </div>
  );
}
