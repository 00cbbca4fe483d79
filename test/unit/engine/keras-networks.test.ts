/** Networks that Keras compiled, saved and trained: their file alone gives the same loss, gradients and weights (test/fixtures/scripts/keras_networks.py). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createRun } from '../../../src/engine/create-run';
import type { Trace, WeightTensors } from '../../../src/engine/trace';
import { readNpz } from '../../../src/formats/npz';
import type { TensorValue } from '../../../src/tensor/value';
import { assertFits, misfit, modelsFolder } from './references';

const folder = path.join(modelsFolder, 'keras-networks');

const says: Readonly<Record<string, string>> = {
  products_with_constants: 'multiplies by constants of the graph: matmul, dot, einsum, tensordot, inner',
  array_operations: 'sorts, takes, repeats, pads, joins and cuts arrays by bare operations',
  neural_operations: 'convolves, pools, normalizes and resizes by bare operations',
  sums_drop_masks: 'does not hand a mask on through a bare sum',
  summed_loss: 'sums its loss over the examples where it was compiled so',
  dice_by_example: 'takes a Dice loss along an axis',
  masked_loss_by_weight: 'divides its loss by the steps that count',
  accumulated_gradients: 'moves its weights by the mean gradient of several batches',
  averaged_weights: 'takes over the moving average of its weights',
  scaled_loss: 'is trained by the optimizer inside one that scales the loss',
  lamb: 'is trained by LAMB', adafactor: 'is trained by Adafactor', muon: 'is trained by Muon',
  restarted_cosine: 'follows a cosine that restarts',
  resumed_adam: 'goes on with the moments of Adam and its schedule',
  resumed_amsgrad: 'goes on with the three slots of AMSGrad',
  resumed_nadam: 'goes on with Nadam\'s product of momenta',
  resumed_rmsprop: 'goes on with the three slots of RMSprop',
  model_at_every_step: 'runs a whole model at every step of a sequence',
  kept_states: 'carries the states of stateful layers from batch to batch',
  grouped_attention: 'attends with fewer heads for keys than for queries',
  categories: 'looks numbers up in vocabularies, bins and a table that maps back',
  low_rank: 'leaves a kernel with LoRA as it is, with the low-rank part that Keras has merged into it',
  spectral: 'divides kernels by their largest singular value, and trains what that leaves',
  lamb_of_words: 'squares the gradients of words one by one in LAMB',
  resumed_adafactor: 'goes on with the rows and columns of Adafactor',
  resumed_muon: 'goes on with Muon, which keeps other slots for matrices than for words',
  resumed_scaled_loss: 'goes on with the optimizer inside one that scales the loss',
  resumed_schedule_free: 'goes on with the fast weights of schedule-free AdamW',
  resumed_momentum: 'goes on in the middle of accumulated gradients',
};

/** The weight whose path ends as Keras's does: Keras's paths begin where a model was built, not where it is used. */
function weightOf(trace: Trace, keras: string): WeightTensors | undefined {
  const parts = keras.split('/');
  for (let start = 0; start < parts.length - 1; start += 1) {
    const end = parts.slice(start).join('/');
    const found = trace.weights.filter(({ layer, weight }) => `/${layer}/${weight}`.endsWith(`/${end}`));
    if (found.length === 1) return found[0];
  }
  return undefined;
}

const read = (trace: Trace, id: number | null | undefined): TensorValue | null => (id === null || id === undefined ? null : trace.tensors.get(id)?.read() ?? null);

async function compare(file: string, arrays: ReadonlyMap<string, TensorValue>, npz: string): Promise<void> {
  const places = (kind: 'x' | 'y'): string | Record<string, string> => {
    const named = [...arrays.keys()].filter((key) => key.startsWith(`${kind}/`));
    return named.length === 0 ? `${npz}#${kind}` : Object.fromEntries(named.map((key) => [key.slice(2), `${npz}#${key}`]));
  };
  const run = await createRun({ model: file, data: { x: places('x'), y: places('y') }, batchSize: 1000, shuffle: false, dropout: false, backend: 'wasm' }, { baseFolder: folder });
  try {
    assert.equal(run.info.convention, 'keras');
    const first = await run.iteration(0);
    const misfits = [misfit('loss', read(first, first.lossTensor), arrays.get('loss')!)];
    const input = arrays.get('grad_input');
    if (input !== undefined) misfits.push(misfit('gradient of the input', read(first, Object.values(first.inputs)[0]?.gradient), input, 2e-6));
    const last = await run.iteration(Number(arrays.get('steps')!.data[0]) - 1);
    for (const [key, expected] of arrays) {
      const [kind, ...rest] = key.split('/');
      // Keras saves the parts of LoRA merged into the kernel, and as zeros, whose gradients are zero.
      if ((kind !== 'grad' && kind !== 'after') || rest.some((part) => part.startsWith('lora_'))) continue;
      const trace = kind === 'grad' ? first : last;
      const weight = weightOf(trace, rest.join('/'));
      misfits.push(weight === undefined ? `${key}: no such weight` : misfit(key, read(trace, kind === 'grad' ? weight.gradient : weight.after), expected, 2e-6));
    }
    assertFits(misfits);
  } finally {
    run.dispose();
  }
}

describe('a network that Keras saved', () => {
  for (const [name, sentence] of Object.entries(says)) {
    for (const extension of ['keras', 'h5'].filter((each) => existsSync(path.join(folder, `${name}.${each}`)))) {
      it(`${sentence} (${name}.${extension})`, async () => {
        await compare(`${name}.${extension}`, await readNpz(path.join(folder, `${name}.npz`)), `${name}.npz`);
      });
    }
  }
});
