/** Ops that pick elements by their places, or put them there: all by places in the flattened tensor, so that one kernel's gradient serves them. */
import { add, cast, equal, gather, maximum, minimum, mod, mul, oneHot, reshape, scalar, slice, sub, tensor, transpose, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, constantAt, floats, ints, like, misfit, numberOf, op, operand, refuse, stepsOf, tensorOf, valueAt, wordOf } from './operands';

/** Indices from the front, checked against the extent of their axis. @throws Failure `onnx.index` */
function placesOf(call: LayerCallContext, indices: Tensor, extent: number): Tensor {
  let below = false;
  for (const index of indices.dataSync()) {
    if (index < -extent || index >= extent) throw new Failure('onnx.index', `Layer '${call.path}' (${call.type}) looks up index ${index}, but there are only ${extent}; correct the data.`);
    below ||= index < 0;
  }
  return below ? mod(add(ints(indices), scalar(extent, 'int32')), scalar(extent, 'int32')) : ints(indices);
}

/** `x` with truth values as numbers, which the kernels of indexing take. */
const numeric = (x: Tensor): Tensor => (x.dtype === 'bool' ? ints(x) : x);

function picked(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const axis = axisIn(call, numberOf(call, 'axis', 0), x.rank);
  const extent = x.shape[axis] ?? 1;
  const constant = constantAt(call, 1);
  const [index] = constant?.data ?? [];
  if (constant?.shape.length === 0 && typeof index === 'number' && index >= -extent && index < extent) {
    const part = slice(x, x.shape.map((_, other) => (other === axis ? (index < 0 ? index + extent : index) : 0)), x.shape.map((size, other) => (other === axis ? 1 : size)));
    return reshape(part, x.shape.filter((_, other) => other !== axis));
  }
  const indices = placesOf(call, operand(call, 1), extent);
  return like(gather(numeric(x), indices, axis), x.dtype);
}

/** The places of `indices` in the flattened `shape`, when they count along `axis` and all other axes are their own. */
function flatPlaces(call: LayerCallContext, indices: Tensor, shape: readonly number[], axis: number): Tensor {
  const steps = stepsOf(shape);
  const own = stepsOf(indices.shape);
  const base = Int32Array.from({ length: indices.size }, (_, at) => steps.reduce((sum, step, other) => (other === axis ? sum : sum + step * (Math.floor(at / (own[other] ?? 1)) % (indices.shape[other] ?? 1))), 0));
  return reshape(add(mul(placesOf(call, indices, shape[axis] ?? 1), scalar(steps[axis] ?? 1, 'int32')), tensor(base, indices.shape, 'int32')), [indices.size]);
}

function elements(call: LayerCallContext): Tensor {
  const [x, indices] = [operand(call, 0), operand(call, 1)];
  const places = flatPlaces(call, indices, x.shape, axisIn(call, numberOf(call, 'axis', 0), x.rank));
  return like(reshape(gather(reshape(numeric(x), [x.size]), places), indices.shape), x.dtype);
}

/** Rows that tuples of indices name: their numbers among all rows of `shape`'s first axes. */
function rowNumbers(call: LayerCallContext, indices: Tensor, shape: readonly number[], lead: number): { rows: Tensor; depth: number } {
  const tuple = indices.shape[indices.rank - 1] ?? 1;
  const depth = lead + tuple;
  const steps = stepsOf(shape.slice(0, depth));
  const count = indices.size / Math.max(tuple, 1);
  const flat = reshape(ints(indices), [count, tuple]);
  const batches = sizeOf(shape.slice(0, lead));
  const perBatch = count / Math.max(batches, 1);
  const base: Tensor = tensor(Int32Array.from({ length: count }, (_, at) => Math.floor(at / perBatch) * sizeOf(shape.slice(lead, depth))), [count], 'int32');
  const rows = Array.from({ length: tuple }, (_, place) => place).reduce((sum, place) => {
    const column = placesOf(call, reshape(slice(flat, [0, place], [count, 1]), [count]), shape[lead + place] ?? 1);
    return add(sum, mul(column, scalar(steps[lead + place] ?? 1, 'int32')));
  }, base);
  return { rows, depth };
}

function tuples(call: LayerCallContext): Tensor {
  const [x, indices] = [operand(call, 0), operand(call, 1)];
  const lead = numberOf(call, 'batch_dims', 0);
  const { rows, depth } = rowNumbers(call, indices, x.shape, lead);
  const inner = x.shape.slice(depth);
  return like(reshape(gather(reshape(numeric(x), [sizeOf(x.shape.slice(0, depth)), sizeOf(inner)]), rows), [...indices.shape.slice(0, -1), ...inner]), x.dtype);
}

/** `x` `[rows, …]` with the rows at `places` replaced by, or increased by, `updates`. */
function placed(call: LayerCallContext, x: Tensor, places: Tensor, updates: Tensor): Tensor {
  const how = wordOf(call, 'reduction', 'none');
  const [given, changes] = [floats(x), floats(updates)];
  const rows = x.shape[0] ?? 1;
  const put = unsortedSegmentSum(changes, places as Tensor1D, rows);
  if (how === 'add') return like(add(given, put), x.dtype);
  if (how !== 'none') return like(combined(call, how, given, places, changes), x.dtype);
  const hit = new Uint8Array(rows);
  for (const place of places.dataSync()) hit[place] = 1;
  const untouched = tensor(Float32Array.from(hit, (value) => 1 - value), [rows, ...x.shape.slice(1).map(() => 1)]);
  return like(add(mul(given, untouched), put), x.dtype);
}

/** One update after another: where several go to the same row, all count. */
function combined(call: LayerCallContext, how: string, x: Tensor, places: Tensor, updates: Tensor): Tensor {
  const combine = ({ mul, max: maximum, min: minimum } as Readonly<Record<string, ((a: Tensor, b: Tensor) => Tensor) | undefined>>)[how];
  if (combine === undefined) throw refuse(call, `combines what it writes by '${how}'`);
  const rows = x.shape[0] ?? 1;
  // In each round every row is written at most once.
  const seen = new Map<number, number>();
  const rounds: { row: number; update: number }[][] = [];
  for (const [update, row] of Array.from(places.dataSync()).entries()) { const turn = seen.get(row) ?? 0; seen.set(row, turn + 1); (rounds[turn] ??= []).push({ row, update }); }
  return rounds.reduce<Tensor>((current, round) => {
    const list = tensor(Int32Array.from(round, ({ row }) => row), [round.length], 'int32');
    const now = combine(gather(current, list), gather(updates, tensor(Int32Array.from(round, ({ update }) => update), [round.length], 'int32')));
    const kept = new Float32Array(rows).fill(1);
    for (const { row } of round) kept[row] = 0;
    return add(mul(current, tensor(kept, [rows, ...x.shape.slice(1).map(() => 1)])), unsortedSegmentSum(now, list as Tensor1D, rows));
  }, x);
}

function scatteredElements(call: LayerCallContext): Tensor {
  const [x, indices, updates] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const places = flatPlaces(call, indices, x.shape, axisIn(call, numberOf(call, 'axis', 0), x.rank));
  return reshape(placed(call, reshape(x, [x.size]), places, reshape(updates, [updates.size])), x.shape);
}

function scatteredRows(call: LayerCallContext): Tensor {
  const [x, indices, updates] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const { rows, depth } = rowNumbers(call, indices, x.shape, 0);
  const inner = sizeOf(x.shape.slice(depth));
  return reshape(placed(call, reshape(x, [sizeOf(x.shape.slice(0, depth)), inner]), rows, reshape(updates, [rows.size, inner])), x.shape);
}

/** Rows of `off` with `on` at the index; an index outside the depth gives a row of `off`. */
function hot(call: LayerCallContext): Tensor {
  const indices = ints(operand(call, 0));
  const depth = numberOf(call, 'depth', 1);
  const values = valueAt(call, 2);
  const [off = 0, on = 1] = values?.data.map((value) => value ?? 0) ?? [];
  if (depth < 1) throw misfit(call, `has a depth of ${depth}`);
  const rank = indices.rank;
  const axis = axisIn(call, numberOf(call, 'axis', -1), rank + 1);
  const count = scalar(depth, 'int32');
  const inside = cast(equal(ints(mod(indices, count)), indices), 'int32');
  const below = cast(equal(ints(sub(mod(indices, count), count)), indices), 'int32');
  const places = sub(mul(add(mod(indices, count), scalar(1, 'int32')), add(inside, below)), scalar(1, 'int32'));
  const rows = reshape(cast(oneHot(reshape<Rank.R1>(places, [indices.size]), depth), 'float32'), [...indices.shape, depth]);
  const order = Array.from({ length: rank + 1 }, (_, index) => (index === axis ? rank : index < axis ? index : index - 1));
  const turned = axis === rank ? rows : transpose(rows, order);
  const scaled = add(mul(turned, on - off), off);
  return values === undefined ? scaled : like(scaled, tensorOf(call, { ...values, shape: [0], data: [] }).dtype);
}

export const indexingOps = {
  Gather: op(picked), GatherElements: op(elements), GatherND: op(tuples), ScatterElements: op(scatteredElements), Scatter: op(scatteredElements), ScatterND: op(scatteredRows), OneHot: op(hot),
} satisfies Readonly<Record<string, LayerForward>>;
