/** Classes of layers as far as the names and shapes of their weights give them away, where a file holds weights alone. */
import type { JsonObject } from '../../network/network';

interface Named { readonly name: string; readonly shape: readonly number[] }

/** Which of a layer's weights tells its class: a name, and how many axes it has. */
const rules: readonly (readonly [name: RegExp, axes: number | null, type: string])[] = [
  [/^recurrent_kernel$/, null, 'Recurrent'], [/^depthwise_(kernel|filter|weights)$/, 4, 'DepthwiseConv2D'], [/^(moving|running)_(mean|variance)$|^gamma$/, null, 'BatchNormalization'], [/^embeddings?(_table)?$|^word_embeddings$/, 2, 'Embedding'],
  [/^(kernel|weights|filters?|weight)$/, 3, 'Conv1D'], [/^(kernel|weights|filters?|weight)$/, 4, 'Conv2D'], [/^(kernel|weights|filters?|weight)$/, 5, 'Conv3D'], [/^(kernel|weights|weight)$/, 2, 'Dense'], [/^alpha$/, null, 'PReLU'],
];

/** The class of each module whose weights tell it, by the module's name. */
export function layerTypes(tensors: readonly Named[]): ReadonlyMap<string, { readonly type: string; readonly config: JsonObject }> {
  const modules = new Map<string, Named[]>();
  for (const { name, shape } of tensors) {
    const cut = name.lastIndexOf('/');
    const owner = name.slice(0, Math.max(0, cut));
    modules.set(owner, [...modules.get(owner) ?? [], { name: name.slice(cut + 1), shape }]);
  }
  return new Map([...modules].flatMap(([owner, weights]) => {
    const found = rules.find(([name, axes]) => weights.some((weight) => name.test(weight.name) && (axes === null || weight.shape.length === axes)));
    return owner === '' || found === undefined ? [] : [[owner, { type: found[2], config: {} }] as const];
  }));
}
