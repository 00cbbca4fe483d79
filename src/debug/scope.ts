/** Names of the expression language at a stop: the listing's variables, layers and weights by path, and what the run knows of itself. */
import type { TraceTensor, WeightTensors } from '../engine/trace';
import { Failure } from '../tensor/failure';
import type { DType } from '../tensor/value';
import type { Namespace, Resolved, Scope, TensorResult, Value } from './expression/values';
import { layerNamespace, pathsOf, scopeNamespace } from './layer-names';
import { isVisible } from './place';
import type { View } from './place';

const dtypes: Readonly<Record<TraceTensor['dtype'], DType>> = { float32: 'float32', int32: 'int32', bool: 'bool', complex64: 'float32', string: 'uint8' };

/** A record of values as a namespace (`inputs.image`, `metrics.accuracy`); worth its only entry when there is just one. */
function record(title: string, entries: Readonly<Record<string, () => Value>>): Namespace {
  const names = Object.keys(entries);
  return {
    kind: 'namespace', title, names: () => names,
    member: (name) => (Object.hasOwn(entries, name) ? entries[name]?.() : undefined),
    value: () => (names.length === 1 ? entries[names[0] ?? '']?.() ?? null : null),
  };
}

/** The trace's names at a cursor. Nothing that the cursor has not reached has a value. */
export class TraceScope implements Scope {
  private readonly variables: ReadonlyMap<string, number>;
  private readonly known: Readonly<Record<string, () => Resolved>>;

  constructor(readonly view: View) {
    const { trace, info, cursor, listing } = view;
    this.variables = new Map([...listing.names].map(([tensor, name]) => [name, tensor]));
    const tensors = (entries: Readonly<Record<string, number>>): Record<string, () => Value> => Object.fromEntries(Object.entries(entries).map(([name, tensor]) => [name, () => this.tensor(tensor)]));
    const inputs = record('network\'s inputs', tensors(Object.fromEntries(Object.entries(trace.inputs).map(([name, { value }]) => [name, value]))));
    const labels = record('labels', tensors(trace.labels));
    const predictions = record('network\'s outputs', tensors(trace.predictions));
    this.known = {
      loss: () => this.tensor(trace.lossTensor),
      x: () => inputs, y: () => labels, inputs: () => inputs, labels: () => labels, prediction: () => predictions, predictions: () => predictions,
      metrics: () => record('metrics', Object.fromEntries(Object.entries(trace.metrics).map(([name, value]) => [name, () => this.metric(value)]))),
      // People count from 1, as the panel and the command line do.
      iteration: () => trace.iteration + 1, epoch: () => trace.batch.epoch + 1, batch: () => trace.batch.index + 1, batchSize: () => trace.batch.size,
      op: () => cursor.op + 1, ops: () => trace.ops.length, phase: () => trace.ops[cursor.op]?.phase ?? 'forward', examples: () => info.examples,
    };
  }

  lookup(name: string): Resolved | undefined {
    const variable = this.variables.get(name);
    const layer = this.layer(name);
    if (layer !== undefined) return variable === undefined ? layer : { ...layer, value: () => this.tensor(variable) };
    if (variable !== undefined) return this.tensor(variable);
    if (Object.hasOwn(this.known, name)) return this.known[name]?.();
    const inner = pathsOf(this.view).filter((path) => path.endsWith(`/${name}`));
    return (inner.length === 1 && inner[0] !== undefined ? this.layer(inner[0]) : undefined) ?? scopeNamespace(this, name);
  }

  layer(path: string): Namespace | undefined {
    return layerNamespace(this, path);
  }

  gradient(source: number): Value {
    const { trace } = this.view;
    const weight = this.weightOf(source);
    const gradients = [...trace.tensors.values()].filter(({ gradientOf }) => gradientOf?.tensor === (weight?.before ?? source));
    const whole = weight?.gradient ?? gradients.filter(({ gradientOf }) => gradientOf?.partial === false).at(-1)?.id ?? gradients.at(-1)?.id;
    if (whole === undefined) throw new Failure('expression.gradient', `No gradient of the loss flows to '${this.nameOf(source)}'.`);
    return this.tensor(whole, `The gradient of '${this.nameOf(source)}'`);
  }

  before(source: number): Value {
    const weight = this.weightOf(source);
    if (weight === undefined) throw new Failure('expression.type', `'${this.nameOf(source)}' is not a weight: only weights have a value before the update.`);
    return this.tensor(weight.before);
  }

  names(): readonly string[] {
    return [...this.variables.keys(), ...pathsOf(this.view).filter((path) => !path.includes('/')), ...Object.keys(this.known)];
  }

  layers(): readonly string[] {
    return pathsOf(this.view);
  }

  /** A tensor of the trace. @throws Failure `expression.later` when the cursor is before the op that writes it. */
  tensor(id: number, name?: string): TensorResult {
    const { trace, reader, listing } = this.view;
    const tensor = trace.tensors.get(id);
    if (tensor === undefined) throw new Failure('expression.gone', `${name ?? 'This tensor'} was not kept by the run.`);
    if (!isVisible(this.view, id)) {
      const writer = trace.ops[tensor.writer];
      const where = writer === undefined ? 'later' : `on line ${listing.lineOfOp(tensor.writer)} of the listing, in the ${writer.phase} phase`;
      throw new Failure('expression.later', `${name ?? `'${this.nameOf(id)}'`} has no value yet: it is computed ${where}.`);
    }
    return { kind: 'tensor', dtype: dtypes[tensor.dtype], shape: tensor.shape, source: id, data: () => reader.read(tensor).data };
  }

  /** The value that a weight or slot has at the cursor. */
  current({ before, after }: { readonly before: number; readonly after: number }): TensorResult {
    return this.tensor(isVisible(this.view, after) ? after : before);
  }

  nameOf(id: number): string {
    return this.view.listing.names.get(id) ?? `tensor ${id}`;
  }

  private weightOf(source: number): WeightTensors | undefined {
    return this.view.trace.weights.find(({ before, after }) => before === source || after === source);
  }

  /** Metrics come from the predictions, so they exist once the loss does. */
  private metric(value: number): Value {
    this.tensor(this.view.trace.lossTensor, 'A metric');
    return value;
  }
}
