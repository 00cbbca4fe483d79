/**
 * Names for the tensors of a trace. What a person knows from the model comes first (inputs, weights, layer outputs, gradients);
 * what ops leave in between is named after its layer and op.
 */
import type { Op, Trace, TraceTensor } from '../engine/trace';
import { callForms, functionNames } from './calls';
import { NameTable, identifier } from './identifier';
import { float32Literal } from './literal';
import { meaningsOf } from './meanings';

export interface TensorNames {
  readonly names: ReadonlyMap<number, string>;
  /** Scalar constants that are written in place, by tensor id. */
  readonly inline: ReadonlyMap<number, string>;
}

/** Kernels whose input is a pre-activation, `z` in the listing. */
export const activationKernels: ReadonlySet<string> = new Set(
  ['Elu', 'LeakyRelu', 'LogSoftmax', 'Prelu', 'Relu', 'Relu6', 'Selu', 'Sigmoid', 'Softmax', 'Softplus', 'Tanh', 'Erf']);

/** Ends of names for what an op leaves; other kernels use their function's name in snake case. */
const suffixes: Readonly<Record<string, string>> = {
  Conv2D: 'conv', Conv3D: 'conv', DepthwiseConv2dNative: 'conv', BatchMatMul: 'product', Multiply: 'product', Add: 'sum', AddN: 'sum', RealDiv: 'ratio',
  Sub: 'difference', Identity: 'copy', Reshape: 'reshaped', Transpose: 'transposed', ExpandDims: 'expanded', SquaredDifference: 'squares', Square: 'square',
  MaxPool: 'pool', AvgPool: 'pool', MaxPool3D: 'pool', AvgPool3D: 'pool', OneHot: 'one_hot', SplitV: 'part', Unpack: 'slice', Neg: 'negative', Select: 'chosen', ClipByValue: 'clipped', Concat: 'joined', Pack: 'stacked',
};

const suffixOf = (op: Op): string => suffixes[op.kernel] ?? identifier(callForms.get(op.kernel)?.name ?? op.kernel).replace(/^_+/, '').replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/** Names every tensor of the trace. Traces of the same signature get the same names. */
export function nameTensors(trace: Trace): TensorNames {
  const table = new NameTable(functionNames);
  const names = new Map<number, string>();
  const inline = new Map<number, string>();
  const varying = new Map<string, string>();
  const layerNames = layerIdentifiers(trace);
  const layerName = (layer: string): string => layerNames.get(layer) ?? identifier(layer);
  /** `lstm_cell/kernel` of `lstm` is `lstm_cell_kernel`, not `lstm_lstm_cell_kernel`. */
  const weightName = (layer: string, weight: string): string => {
    const own = layerName(layer), inner = identifier(weight);
    return inner.startsWith(`${own}_`) ? inner : `${own}_${inner}`;
  };
  const name = (tensor: number | null | undefined, wanted: string, otherwise?: string): void => {
    if (tensor === null || tensor === undefined || names.has(tensor) || inline.has(tensor)) return;
    names.set(tensor, table.claim(wanted, otherwise));
  };

  nameBatch(trace, name);
  for (const { layer, weight, before } of trace.weights) name(before, weightName(layer, weight));
  for (const tensor of trace.tensors.values()) {
    const { role } = tensor;
    if (tensor.writer >= 0) continue;
    if (role.kind === 'input' || role.kind === 'label') name(tensor.id, identifier(role.name));
    if (role.kind === 'weight') name(tensor.id, weightName(role.layer, role.weight));
    if (role.kind === 'state') name(tensor.id, role.layer === '' ? identifier(role.slot) : `${weightName(role.layer, role.weight)}_${identifier(role.slot)}`);
    if (role.kind === 'constant') {
      if (role.name !== undefined) nameVarying(tensor, role.name, name, names, varying);
      else if (tensor.shape.length === 0) {
        const text = scalarText(tensor);
        if (text !== null) inline.set(tensor.id, text);
      }
    }
  }

  const callName = callNames(trace, layerName);
  for (const { layer, call, outputs } of trace.layers) {
    const own = callName(layer, call);
    outputs.forEach((output, i) => { name(output, i === 0 ? own : `${own}_${i}`, `${own}_out`); });
  }
  name(trace.lossTensor, 'loss');
  namePreActivations(trace, callName, name);
  nameNextWeights(trace, weightName, name);
  const meanings = meaningsOf(trace);
  for (const op of trace.ops) if (op.phase === 'forward' || op.phase === 'loss') nameLeftovers(op, op.layer === null ? 'loss' : callName(op.layer, op.call), name, meanings);

  nameGradients(trace, names, name);
  for (const { layer, weight, after, slots } of trace.weights) {
    const base = weightName(layer, weight);
    name(after, `${base}_new`);
    for (const [slot, { after: next }] of Object.entries(slots)) name(next, `${base}_${identifier(slot)}_new`);
  }
  for (const op of trace.ops) {
    const owner = op.layer === null ? (op.phase === 'update' ? 'update' : 'loss') : op.weight === null ? callName(op.layer, op.call) : weightName(op.layer, op.weight);
    nameLeftovers(op, owner, name);
  }
  for (const tensor of trace.tensors.values()) name(tensor.id, 'constant');
  return { names, inline };
}

type Name = (tensor: number | null | undefined, wanted: string, otherwise?: string) => void;

function nameBatch(trace: Trace, name: Name): void {
  const inputs = Object.entries(trace.inputs), labels = Object.entries(trace.labels);
  for (const [key, { value }] of inputs) name(value, inputs.length === 1 ? 'x' : identifier(`x_${key}`));
  for (const [key, value] of labels) name(value, labels.length === 1 ? 'labels' : identifier(`labels_${key}`));
}

/** One identifier a layer path, in the order of the trace, so that `a/b` and `a_b` stay apart. */
function layerIdentifiers(trace: Trace): Map<string, string> {
  const table = new NameTable([]);
  const found = new Map<string, string>();
  const add = (layer: string | null): void => {
    if (layer !== null && layer !== '' && !found.has(layer)) found.set(layer, table.claim(identifier(layer)));
  };
  for (const { layer } of trace.layers) add(layer);
  for (const { layer } of trace.weights) add(layer);
  for (const { layer } of trace.groups) add(layer);
  return found;
}

/** Name of a layer call: the layer's, numbered when it is called several times. */
function callNames(trace: Trace, layerName: (layer: string) => string): (layer: string, call: number) => string {
  const shared = new Set(trace.layers.filter(({ call }) => call > 0).map(({ layer }) => layer));
  return (layer, call) => (shared.has(layer) ? `${layerName(layer)}_${call}` : layerName(layer));
}

function namePreActivations(trace: Trace, callName: (layer: string, call: number) => string, name: Name): void {
  for (const { layer, call, outputs } of trace.layers) {
    for (const output of outputs) {
      const op = trace.ops[trace.tensors.get(output)?.writer ?? -1];
      if (op === undefined || !activationKernels.has(op.kernel) || op.layer !== layer || op.call !== call) continue;
      const z = Object.values(op.inputs)[0];
      const writer = trace.ops[trace.tensors.get(z ?? -1)?.writer ?? -1];
      if (writer !== undefined && writer.layer === layer && writer.call === call) name(z, `${callName(layer, call)}_z`);
    }
  }
}

function nameLeftovers(op: Op, owner: string, name: Name, meanings?: ReadonlyMap<number, string>): void {
  for (const output of op.outputs) name(output, `${owner}_${meanings?.get(output) ?? suffixOf(op)}`);
  for (const input of Object.values(op.inputs)) name(input, `${owner}_constant`);
}

/** Moving statistics are computed in the forward phase and taken over in the update. */
function nameNextWeights(trace: Trace, weightName: (layer: string, weight: string) => string, name: Name): void {
  for (const { layer, weight, before, after } of trace.weights) {
    const writer = trace.ops[trace.tensors.get(after)?.writer ?? -1];
    if (after !== before && writer?.kernel === 'Identity') name(writer.inputs['x'], `${weightName(layer, weight)}_next`);
  }
}

/** `d_` before the name of the value, whole gradients first; parts of a sum of gradients end in `_part`. */
function nameGradients(trace: Trace, names: ReadonlyMap<number, string>, name: Name): void {
  const gradient = (of: number | undefined, tensor: number | null | undefined): void => {
    const value = of === undefined ? undefined : names.get(of);
    if (value !== undefined) name(tensor, `d_${value}`);
  };
  for (const { before, gradient: tensor } of trace.weights) gradient(before, tensor);
  for (const { value, gradient: tensor } of Object.values(trace.inputs)) gradient(value, tensor);
  for (const { inputs, outputs, inputGradients, outputGradients } of trace.layers) {
    outputs.forEach((output, i) => { gradient(output, outputGradients[i]); });
    inputs.forEach((input, i) => { gradient(input, inputGradients[i]); });
  }
  for (const tensor of trace.tensors.values()) if (tensor.gradientOf !== null && !tensor.gradientOf.partial) gradient(tensor.gradientOf.tensor, tensor.id);
  for (const { id, gradientOf } of trace.tensors.values()) {
    const value = gradientOf?.partial === true ? names.get(gradientOf.tensor) : undefined;
    if (value !== undefined) name(id, `d_${value}_part`);
  }
}

/** A constant that changes from iteration to iteration: one variable for all that have the same name and value. */
function nameVarying(tensor: TraceTensor, wanted: string, name: Name, names: Map<number, string>, known: Map<string, string>): void {
  const key = tensor.shape.length === 0 ? `${wanted}=${Number(tensor.read().data[0])}:${tensor.dtype}` : null;
  const same = key === null ? undefined : known.get(key);
  if (same !== undefined) names.set(tensor.id, same);
  else {
    name(tensor.id, identifier(wanted));
    if (key !== null) known.set(key, names.get(tensor.id) ?? identifier(wanted));
  }
}

/** A scalar as an expression of the same type and value, or null when it has none. */
function scalarText(tensor: TraceTensor): string | null {
  if (tensor.dtype !== 'float32' && tensor.dtype !== 'int32' && tensor.dtype !== 'bool') return null;
  const value = Number(tensor.read().data[0]);
  if (tensor.dtype === 'float32') return float32Literal(value);
  return tensor.dtype === 'bool' ? String(value !== 0) : `int32(${value})`;
}
