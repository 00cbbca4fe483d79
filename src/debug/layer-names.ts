/** Layers as bearers of names: `encoder.dense_1.kernel`, `shared#1.output`, `layer("a b/c").input`. */
import type { Network } from '../network/network';
import type { LayerTensors, WeightTensors } from '../engine/trace';
import { Failure } from '../tensor/failure';
import type { Namespace, Resolved, Value } from './expression/values';
import type { Place } from './place';
import type { TraceScope } from './scope';

const pathCache = new WeakMap<object, readonly string[]>();

/** Paths of all layers: those of the network, and those that only the trace knows. */
export function pathsOf({ info, trace }: Place): readonly string[] {
  const known = pathCache.get(trace);
  if (known !== undefined) return known;
  const paths = new Set<string>();
  const collect = (network: Network, prefix: string): void => {
    for (const layer of network.layers) {
      paths.add(prefix + layer.name);
      if (layer.network !== null) collect(layer.network, `${prefix + layer.name}/`);
    }
  };
  collect(info.network, '');
  for (const { layer } of [...trace.layers, ...trace.weights, ...trace.groups]) if (layer !== null) paths.add(layer);
  const all = [...paths];
  pathCache.set(trace, all);
  return all;
}

/** The layer at a path, with `#n` for one call of a shared layer; undefined when there is none. */
export function layerNamespace(scope: TraceScope, wanted: string): Namespace | undefined {
  const paths = pathsOf(scope.view);
  const [, stem = wanted, number] = /^(.*)#(\d+)$/.exec(wanted) ?? [];
  const path = paths.includes(wanted) ? wanted : stem;
  if (!paths.includes(path)) return undefined;
  const all = scope.view.trace.layers.filter(({ layer }) => layer === path);
  const calls = path === wanted || number === undefined ? all : all.filter(({ call }) => call === Number(number));
  if (calls.length === 0 && path !== wanted) return undefined;
  const weights = scope.view.trace.weights.filter(({ layer }) => layer === path);
  const tensors = calls.length === 1 && calls[0] !== undefined ? tensorNames(calls[0]) : new Map<string, number>();
  const inner = stepsBelow(paths, path);
  const below = weightMembers(scope, weights, '', `weights of layer ${path}`);
  const onlyOne = (): void => {
    if (calls.length > 1) throw new Failure('expression.call', `Layer '${path}' is called ${calls.length} times; write '${path}#${calls[0]?.call ?? 0}' for the first call.`);
  };
  return {
    kind: 'namespace', title: `layer ${path}`,
    names: () => [...tensors.keys(), ...(calls.length > 1 ? ['input', 'output'] : []), ...below.names(), ...inner],
    member: (name): Resolved | undefined => {
      const tensor = tensors.get(name);
      if (tensor !== undefined) return scope.tensor(tensor);
      if (inner.includes(name)) return layerNamespace(scope, `${path}/${name}`) ?? scopeNamespace(scope, `${path}/${name}`);
      const weight = below.member(name);
      if (weight === undefined && (name === 'output' || name === 'input')) onlyOne();
      return weight;
    },
    value: (): Value | null => {
      onlyOne();
      const output = tensors.get('output');
      return output === undefined ? null : scope.tensor(output);
    },
  };
}

/** The next steps of the paths that lead on from `path`. */
function stepsBelow(paths: readonly string[], path: string): readonly string[] {
  return [...new Set(paths.filter((other) => other.startsWith(`${path}/`)).map((other) => other.slice(path.length + 1).split('/')[0] ?? ''))];
}

/** A scope that only the names of layers have (`conv1` of `conv1/Conv`), as exported models write them; undefined when there is none. */
export function scopeNamespace(scope: TraceScope, path: string): Namespace | undefined {
  const inner = stepsBelow(pathsOf(scope.view), path);
  if (inner.length === 0) return undefined;
  return {
    kind: 'namespace', title: `scope ${path}`, names: () => inner, value: () => null,
    member: (name) => (inner.includes(name) ? layerNamespace(scope, `${path}/${name}`) ?? scopeNamespace(scope, `${path}/${name}`) : undefined),
  };
}

/** `input`, `output` of a call, or `input0`, `input1`, … where there are several. */
function tensorNames({ inputs, outputs }: LayerTensors): Map<string, number> {
  const named = (name: string, ids: readonly number[]): [string, number][] => ids.map((id, i) => [ids.length === 1 ? name : `${name}${i}`, id]);
  return new Map([...named('input', inputs), ...named('output', outputs)]);
}

/** Weights below a prefix: `kernel`, or a further step of `forward_gru/gru_cell/kernel`. */
function weightMembers(scope: TraceScope, weights: readonly WeightTensors[], prefix: string, title: string): Namespace {
  const names = [...new Set(weights.filter(({ weight }) => weight.startsWith(prefix)).map(({ weight }) => weight.slice(prefix.length).split('/')[0] ?? ''))];
  return {
    kind: 'namespace', title, names: () => names, value: () => null,
    member: (name) => {
      const whole = weights.find(({ weight }) => weight === prefix + name);
      if (whole !== undefined) return weightNamespace(scope, whole);
      return names.includes(name) ? weightMembers(scope, weights, `${prefix + name}/`, `weights ${prefix + name}`) : undefined;
    },
  };
}

/** A weight: its value at the cursor, with its gradient, its value before and after the step, and its optimizer slots below it. */
function weightNamespace(scope: TraceScope, weight: WeightTensors): Namespace {
  const members: Readonly<Record<string, () => Value>> = {
    ...Object.fromEntries(Object.entries(weight.slots).map(([slot, tensors]) => [slot, () => scope.current(tensors)])),
    grad: () => scope.gradient(weight.before),
    before: () => scope.tensor(weight.before),
    after: () => scope.tensor(weight.after),
  };
  return {
    kind: 'namespace', title: `weight ${weight.layer}/${weight.weight}`, names: () => Object.keys(members),
    member: (name) => (Object.hasOwn(members, name) ? members[name]?.() : undefined),
    value: () => scope.current(weight),
  };
}
