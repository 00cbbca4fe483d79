/** The scopes of a frame: inputs, output, gradients, weights, optimizer state, attributes, batch, metrics, as far as the cursor has come. */
import { checkedBy } from '../../engine/check/gradient-check';
import type { AttributeValue, LayerTensors, WeightTensors } from '../../engine/trace';
import type { Value } from '../expression/values';
import { cellScopes } from './cell-scopes';
import type { View } from '../place';
import { TraceScope } from '../scope';
import type { Frame } from './stack';
import { groupEntry, groupOf, lookedUpEntry, textEntry } from './variables';
import type { Container, Entry } from './variables';

export interface ScopeOfFrame { readonly name: string; readonly children: Container }

/** Looks up what a frame is about, by name in the listing where there is one. */
class FrameContents {
  private readonly scope: TraceScope;
  private readonly gradients = new Map<number, number>();

  constructor(private readonly view: View) {
    this.scope = new TraceScope(view);
    for (const { id, gradientOf } of view.trace.tensors.values()) if (gradientOf?.partial === false) this.gradients.set(gradientOf.tensor, id);
  }

  tensor(id: number, otherwise: string): Entry {
    const name = this.view.listing.names.get(id);
    return this.marked(lookedUpEntry(name ?? otherwise, () => this.scope.tensor(id), name ?? null), id);
  }

  /** Gradients get a menu of their own. */
  private marked(entry: Entry, id: number): Entry {
    return checkedBy(this.view.trace, id) === null ? entry : { ...entry, isGradient: true };
  }

  tensors(ids: readonly number[], otherwise: string): readonly Entry[] {
    return ids.map((id, i) => this.tensor(id, ids.length === 1 ? otherwise : `${otherwise} ${i}`));
  }

  gradientsOf(ids: readonly number[]): readonly Entry[] {
    return [...new Set(ids)].flatMap((id) => {
      const gradient = this.gradients.get(id);
      return gradient === undefined ? [] : [this.tensor(gradient, `gradient of ${this.scope.nameOf(id)}`)];
    });
  }

  /** A weight's value at the cursor, under its own name below the layer. */
  weight(weight: WeightTensors): Entry {
    return lookedUpEntry(weight.weight, () => this.scope.current(weight), pathTo(weight));
  }

  weightGradient({ weight, gradient, layer }: WeightTensors): readonly Entry[] {
    if (gradient === null) return [];
    return [this.marked(lookedUpEntry(weight, () => this.scope.tensor(gradient), `grad(${pathTo({ weight, layer })})`), gradient)];
  }

  slots(weight: WeightTensors): readonly Entry[] {
    return Object.entries(weight.slots).map(([slot, tensors]) => lookedUpEntry(`${weight.weight} ${slot}`, () => this.scope.current(tensors), `${pathTo(weight)}.${slot}`));
  }

  byLayer(entries: (weight: WeightTensors) => readonly Entry[]): readonly Entry[] {
    const layers = [...new Set(this.view.trace.weights.map(({ layer }) => layer))];
    return layers.flatMap((layer) => {
      const own = (): readonly Entry[] => this.weightsOf(layer).flatMap(entries);
      const count = own().length;
      return count === 0 ? [] : [groupEntry(layer === '' ? 'run' : layer, `${count} tensor${count === 1 ? '' : 's'}`, own)];
    });
  }

  weightsOf(layer: string | null): readonly WeightTensors[] {
    return layer === null ? [] : this.view.trace.weights.filter((weight) => weight.layer === layer);
  }

  named(entries: Readonly<Record<string, number>>): readonly Entry[] {
    return Object.entries(entries).map(([name, id]) => this.tensor(id, name));
  }

  value(name: string): Entry {
    return lookedUpEntry(name, () => this.lookup(name), name);
  }

  metric(name: string): Entry {
    const metrics = this.scope.lookup('metrics');
    const get = (): Value => { const value = typeof metrics === 'object' && metrics.kind === 'namespace' ? metrics.member(name) : undefined; return typeof value === 'number' ? value : NaN; };
    return lookedUpEntry(name, get, plainName.test(name) ? `metrics.${name}` : null);
  }

  private lookup(name: string): Value {
    const found = this.scope.lookup(name);
    return typeof found === 'object' && found.kind === 'namespace' ? found.value() ?? '' : found ?? '';
  }
}

const plainName = /^[A-Za-z_$][\w$]*$/;

/** The way to write a weight: `conv2d_1.kernel`, `layer("odd name").kernel`, `gru.forward_gru.gru_cell.kernel`. */
function pathTo({ layer, weight }: { readonly layer: string; readonly weight: string }): string {
  const steps = layer.split('/');
  const start = steps.every((step) => plainName.test(step)) ? steps.join('.') : `layer(${JSON.stringify(layer)})`;
  return [start, ...weight.split('/')].join('.');
}

function attributeText(value: AttributeValue): string {
  return typeof value === 'string' ? value : value === undefined ? 'undefined' : JSON.stringify(value);
}

const nonEmpty = (name: string, entries: () => readonly Entry[]): readonly ScopeOfFrame[] => (entries().length === 0 ? [] : [{ name, children: groupOf(entries) }]);

/** Scopes of the frame at a stop; those without content are left out. */
export function scopesOf(view: View, frame: Frame): readonly ScopeOfFrame[] {
  const contents = new FrameContents(view), { trace, cursor, steps } = view;
  const op = trace.ops[cursor.op];
  const group = trace.groups[steps.numberAt('layer', cursor.op)];
  const shared: readonly ScopeOfFrame[] = [
    { name: 'Batch', children: groupOf(() => [
      ...['iteration', 'epoch', 'batch', 'batchSize', 'examples'].map((name) => contents.value(name)),
      ...contents.named(Object.fromEntries(Object.entries(trace.inputs).map(([name, { value }]) => [name, value]))), ...contents.named(trace.labels),
    ]) },
    { name: 'Metrics', children: groupOf(() => [contents.value('loss'), ...Object.keys(trace.metrics).map((name) => contents.metric(name))]) },
  ];
  if (frame.depth === 'cell') return [...cellScopes(view), ...shared];
  if (frame.depth === 'op' && op !== undefined) {
    const inputs = Object.entries(op.inputs);
    return [
      ...nonEmpty('Inputs', () => inputs.map(([name, id]) => contents.tensor(id, name))),
      ...nonEmpty('Output', () => contents.tensors(op.outputs, 'output')),
      ...nonEmpty('Gradients', () => contents.gradientsOf([...op.outputs, ...inputs.map(([, id]) => id)])),
      ...nonEmpty('Attributes', () => Object.entries(op.attributes).filter(([, value]) => value !== undefined).map(([name, value]) => textEntry(name, attributeText(value)))),
      ...layerScopes(contents, contents.weightsOf(op.layer), false), ...shared,
    ];
  }
  if (frame.depth === 'layer' && group !== undefined) {
    const call = trace.layers.find(({ layer, call: number }) => layer === group.layer && number === group.call);
    const loose = looseTensors(view, group);
    // An update has nothing to do with what went through the layer.
    const inputs = (group.phase === 'update' ? undefined : call?.inputs) ?? loose.inputs, outputs = (group.phase === 'update' ? undefined : call?.outputs) ?? loose.outputs;
    return [
      ...nonEmpty('Inputs', () => contents.tensors(inputs, 'input')),
      ...nonEmpty('Output', () => contents.tensors(outputs, 'output')),
      ...nonEmpty('Gradients', () => [...gradientsOfCall(contents, call), ...contents.weightsOf(group.layer).flatMap((weight) => contents.weightGradient(weight))]),
      ...layerScopes(contents, contents.weightsOf(group.layer), false), ...shared,
    ];
  }
  const networkInputs = Object.entries(trace.inputs);
  return [
    ...nonEmpty('Inputs', () => contents.named(Object.fromEntries(networkInputs.map(([name, { value }]) => [name, value])))),
    ...nonEmpty('Output', () => [...contents.named(trace.predictions), contents.value('loss')]),
    ...nonEmpty('Gradients', () => [...contents.byLayer((weight) => contents.weightGradient(weight)), ...networkInputs.flatMap(([name, { gradient }]) => (gradient === null ? [] : [contents.tensor(gradient, `gradient of ${name}`)]))]),
    ...layerScopes(contents, trace.weights, true), ...shared,
  ];
}

function layerScopes(contents: FrameContents, weights: readonly WeightTensors[], grouped: boolean): readonly ScopeOfFrame[] {
  if (grouped) return [...nonEmpty('Weights', () => contents.byLayer((weight) => [contents.weight(weight)])), ...nonEmpty('Optimizer state', () => contents.byLayer((weight) => contents.slots(weight)))];
  return [...nonEmpty('Weights', () => weights.map((weight) => contents.weight(weight))), ...nonEmpty('Optimizer state', () => weights.flatMap((weight) => contents.slots(weight)))];
}

function gradientsOfCall(contents: FrameContents, call: LayerTensors | undefined): readonly Entry[] {
  if (call === undefined) return [];
  const gradients = [...call.outputGradients, ...call.inputGradients].filter((id) => id !== null);
  return contents.tensors([...new Set(gradients)], 'gradient');
}

/** What a group without a layer (the loss) reads from outside and leaves behind. */
function looseTensors({ trace }: View, { first, last }: { readonly first: number; readonly last: number }): { inputs: readonly number[]; outputs: readonly number[] } {
  const ops = trace.ops.slice(first, last + 1);
  const read = new Set(ops.flatMap(({ inputs }) => Object.values(inputs)));
  const written = new Set(ops.flatMap(({ outputs }) => outputs));
  const lasting = new Set(trace.weights.flatMap(({ after, slots }) => [after, ...Object.values(slots).map((slot) => slot.after)]));
  const isConstant = (id: number): boolean => trace.tensors.get(id)?.role.kind === 'constant';
  return { inputs: [...read].filter((id) => !written.has(id) && !isConstant(id)), outputs: [...written].filter((id) => !read.has(id) || lasting.has(id)) };
}
