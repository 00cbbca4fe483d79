/** Tensors by dotted names (`layer1.0.conv1.weight`) -> a network of nested modules; how they connect is not in such files. */
import { Failure } from '../../tensor/failure';
import type { DType, TensorValue } from '../../tensor/value';
import type { FormatId } from '../../network/format-titles';
import type { Convention, JsonObject, Layer, Network, OpenedNetwork, Weight } from '../../network/network';
import { checkLayers, displayName } from '../../network/order';
import { countable } from '../../network/sizes';
import { guessType } from './guess-type';

/** A tensor of a file of weights; `read` takes memory only when asked. */
export interface NamedTensor {
  /** Modules and weight, joined by `separator`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** What the file says: a parameter or mere state; undefined lets the name decide. */
  readonly buffer?: boolean;
  /** False for parameters that training leaves alone (Keras's moving statistics, which count as parameters). */
  readonly trainable?: boolean;
  /** The memory that it lies in: tensors with the same one are one (tied weights), and count once. */
  readonly memory?: string;
  read(): Promise<TensorValue>;
}

export interface ModuleTree {
  readonly name: string;
  readonly format: FormatId;
  readonly formatDetail?: string;
  readonly convention: Convention;
  readonly separator?: string;
  readonly tensors: readonly NamedTensor[];
  /** What is known of modules by their names: class and settings; modules without weights too. */
  readonly modules?: ReadonlyMap<string, { readonly type: string; readonly config: JsonObject }>;
  readonly problems: readonly string[];
  /** Why it cannot be run. */
  readonly viewOnly: string;
  close(): Promise<void>;
}

/** Deeper modules stay in the names of weights. */
const deepest = 32;
const state = new Set(['running_mean', 'running_var', 'num_batches_tracked']);
/** Numbers that quantisation keeps beside its weights, and averages that training keeps. */
const quantisation = /^(weight_scale(_inv|_2)?|input_scale|output_scale|scale_input|scales|qzeros|SCB|weight_format|(weight|bias)\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\..*))$/;

interface Node { readonly path: string; readonly children: Map<string, Node>; readonly weights: Weight[]; readonly tied: Map<string, string> }

/** The network of a tree, and its weights. @throws Failure `modules.empty` when there are no tensors */
export function openModuleTree(tree: ModuleTree): OpenedNetwork {
  const tensors = tree.tensors.filter(({ shape }) => countable(shape));
  const uncounted = tree.tensors.length - tensors.length;
  const problems = uncounted === 0 ? tree.problems : [...tree.problems, `${uncounted} tensor${uncounted === 1 ? '' : 's'} of ${tree.name} cannot be shown: ${displayName(tree.tensors.find(({ shape }) => !countable(shape))?.name ?? '')} claims more elements than any model has.`];
  if (tensors.length === 0 && (tree.modules?.size ?? 0) === 0) throw new Failure('modules.empty', problems[0] ?? `${tree.name} holds no tensors, so there is nothing to show.`);
  const separator = tree.separator ?? '.';
  const root: Node = { path: '', children: new Map(), weights: [], tied: new Map() };
  let modules = 0;
  const at = (parts: readonly string[]): Node => parts.slice(0, deepest).reduce((node, part) => {
    const known = node.children.get(part);
    if (known === undefined) checkLayers(modules += 1);
    const child: Node = known ?? { path: node.path === '' ? part : node.path + separator + part, children: new Map(), weights: [], tied: new Map() };
    node.children.set(part, child);
    return child;
  }, root);
  const byName = new Map<string, NamedTensor>();
  for (const name of tree.modules?.keys() ?? []) if (name !== '') at(name.split(separator));
  const names = new Set(tensors.map(({ name }) => name));
  const inMemory = new Map<string, string>();
  for (const tensor of tensors) {
    if (byName.has(tensor.name)) continue;
    byName.set(tensor.name, tensor);
    const parts = tensor.name.split(separator);
    // `weight.absmax` beside `weight` says more of that weight; a weight is no module.
    let cut = 0;
    while (cut < Math.min(parts.length - 1, deepest) && !names.has(parts.slice(0, cut + 1).join(separator))) cut += 1;
    const node = at(parts.slice(0, cut));
    const own = parts.slice(cut).join(separator);
    const beside = (name: string): boolean => names.has([...parts.slice(0, cut), name].join(separator));
    // The scale of a quantised layer's output has a zero beside it; its weight may be integers with a scale.
    const integers = own === 'weight' && /int8/.test(tensor.dtype) && !beside('weight.absmax') && ['SCB', 'weight_scale', 'weight_scale_inv'].some(beside);
    const weight = weightOf(own === 'scale' && beside('zero_point') ? { ...tensor, buffer: true } : integers ? { ...tensor, buffer: false, trainable: false } : tensor, own);
    const first = tensor.memory === undefined || weight.buffer === true ? undefined : inMemory.get(tensor.memory);
    if (first !== undefined) node.tied.set(weight.name, first);
    else if (tensor.memory !== undefined && weight.buffer !== true) inMemory.set(tensor.memory, tensor.name);
    node.weights.push(first === undefined ? weight : { ...weight, buffer: true });
  }
  const layers = layersOf(root, tree);
  const packed = tree.tensors.filter(({ name }) => name.endsWith(`${separator}qweight`) || names.has(`${name}${separator}absmax`)).length;
  const network: Network = {
    name: tree.name, format: tree.format, convention: tree.convention, layers, inputs: [], outputs: [], compile: null, viewOnly: tree.viewOnly,
    ...(tree.formatDetail === undefined ? {} : { formatDetail: tree.formatDetail }),
    problems: [tree.viewOnly, ...tree.problems, ...(packed === 0 ? [] : [`${packed === 1 ? 'One layer' : `${packed.toLocaleString('en-US')} layers`} of ${tree.name} ${packed === 1 ? 'keeps its' : 'keep their'} weights packed, several in an integer (GPTQ, AWQ or bitsandbytes): they are shown as they are stored and do not count as parameters.`])],
  };
  return {
    network,
    weights: {
      read(key) {
        const tensor = byName.get(key);
        return tensor === undefined ? Promise.reject(new Failure('weights.absent', `${tree.name} holds no tensor ${displayName(key)}.`)) : tensor.read();
      },
      close: () => tree.close(),
    },
  };
}

function weightOf(tensor: NamedTensor, name: string): Weight {
  const float = /float/.test(tensor.dtype);
  const buffer = tensor.buffer ?? (!float || (tensor.trainable === undefined && (state.has(name) || quantisation.test(name))));
  return { name, shape: tensor.shape, dtype: tensor.dtype, trainable: !buffer && tensor.trainable !== false, ...(buffer ? { buffer } : {}), key: tensor.name, initializer: null };
}

function layersOf(node: Node, tree: ModuleTree): readonly Layer[] {
  // Files that sort their names put layer 10 before layer 2.
  const children = [...node.children];
  if (children.every(([name]) => /^\d{1,9}$/.test(name))) children.sort(([a], [b]) => Number(a) - Number(b));
  const layers = children.map(([name, child]): Layer => {
    const known = tree.modules?.get(child.path);
    const network: Network | null = child.children.size === 0 ? null : {
      name, format: tree.format, convention: tree.convention, layers: layersOf(child, tree), inputs: [], outputs: [], compile: null, problems: [],
    };
    // Traces of old versions call every module so.
    const named = known?.type === 'Module' ? undefined : known;
    const guess = guessType({ name, weights: child.weights, modules: new Set(child.children.keys()) });
    return {
      name, type: named?.type ?? guess.type, config: { ...known?.config, ...Object.fromEntries([...child.tied].map(([weight, other]) => [`${weight} is tied to`, other])) }, trainable: true, calls: [], weights: child.weights, network,
      foreign: { detail: named === undefined || named.type === guess.type ? guess.detail : '' }, problem: null,
    };
  });
  if (node.path !== '' || node.weights.length === 0) return layers;
  // Weights of the model itself stand in a layer of their own.
  let name = 'parameters';
  while (node.children.has(name)) name += '_';
  return [{ name, type: 'Parameters', config: {}, trainable: true, calls: [], weights: node.weights, network: null, foreign: { detail: '' }, problem: null }, ...layers];
}
