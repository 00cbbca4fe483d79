/** Sentences about the number formats that Keras would compute in and a run here does not: mixed precision, 64 bits, quantised layers. */
import { flattenLayers } from '../../network/layer-path';
import type { Layer, Network } from '../../network/network';
import { quote } from '../../network/order';

interface Precision { readonly test: RegExp; readonly sentence: (layers: string, is: string) => string }

/** By the name of a layer's policy; the first that fits. */
const rules: readonly Precision[] = [
  { test: /^int8/, sentence: (layers, is) => `${layers} ${is} quantised to int8: kernels are shown and computed with as kernel / scale in float32 and are not trained. Keras also rounds what goes into them to 8 bits, so its outputs differ by about 1 %.` },
  { test: /^int4|^gptq|^awq/, sentence: (layers, is) => `${layers} ${is} quantised to 4 bits: their packed kernels are not read, so the model cannot run. Save it before quantize(…) to see its weights and run it.` },
  { test: /^float8/, sentence: (layers, is) => `${layers} ${is} quantised to float8: a run computes in float32, without Keras's rounding to 8 bits, so its outputs differ by some percent.` },
  { test: /^(mixed_float16|float16)$/, sentence: (layers, is) => `${layers} ${is} saved to compute in float16; a run computes in float32, so Keras's numbers differ from the third digit on.` },
  { test: /^(mixed_bfloat16|bfloat16)$/, sentence: (layers, is) => `${layers} ${is} saved to compute in bfloat16; a run computes in float32, so Keras's numbers differ from the second or third digit on.` },
  { test: /^float64$/, sentence: (layers, is) => `${layers} ${is} saved to compute in float64; a run computes in float32, so numbers agree to about six digits.` },
];

/** One sentence for each precision that the layers of a network ask for and a run does not have. */
export function precisions(network: Network): readonly string[] {
  const found = new Map<Precision, string[]>();
  const flat = [...flattenLayers(network)].filter(({ layer }) => layer.network === null && layer.type !== 'InputLayer');
  for (const { path, layer } of flat) {
    const policy = policyOf(layer);
    const rule = policy === null ? undefined : rules.find(({ test }) => test.test(policy));
    if (rule !== undefined) found.set(rule, [...found.get(rule) ?? [], path]);
  }
  return [...found].map(([rule, paths]) => {
    if (paths.length === 1) return rule.sentence(`Layer ${quote(paths[0] ?? '')}`, 'is');
    const most = paths.length >= flat.length - 1;
    return rule.sentence(most ? 'The layers' : `${paths.length} layers (${paths.slice(0, 3).map(quote).join(', ')}${paths.length > 3 ? ', …' : ''})`, 'are');
  });
}

/** The policy that a layer names; of one with quantised layers inside, what their weights tell. */
function policyOf({ config, weights }: Layer): string | null {
  if (weights.some(({ name }) => name.endsWith('_amax_history'))) return 'float8';
  if (weights.some(({ name, trainable }) => /(kernel|embeddings)_scale$/.test(name) && !trainable)) return weights.some(({ name }) => name.endsWith('kernel_zero')) ? 'int4' : 'int8';
  return typeof config.dtype === 'string' ? config.dtype : null;
}
