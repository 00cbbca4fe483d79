import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { diff } from '../../../src/cli/diff';
import { prefixesOf } from '../../../src/network/layer-names';
import { fixture } from '../formats/fixture';

const run = async (before: string, after: string): Promise<string> => {
  let out = '';
  const status = await diff([before, after], { out: (text) => { out += text; }, error: (text) => { out += text; } });
  return `${out}status ${status}`;
};
const torch = (name: string): string => fixture(`torch/${name}`);

/** A file of float32 tensors by name: a shape, and the elements. */
function safetensors(tensors: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>): Buffer {
  let at = 0;
  const header = JSON.stringify(Object.fromEntries(Object.entries(tensors).map(([name, [shape, values]]) => [name, { dtype: 'F32', shape, data_offsets: [at, at += 4 * values.length] }])));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), ...Object.values(tensors).map(([, values]) => Buffer.from(Float32Array.from(values).buffer))]);
}

describe('Comparing files of weights', () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-diff-')); });
  after(() => rm(folder, { recursive: true }));
  const put = async (name: string, content: string | Uint8Array): Promise<string> => {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
    return path.join(folder, name);
  };

  for (const [net, formats] of [['torch_encoder', ['safetensors', 'ts.pt', 'onnx', 'dynamo.onnx']], ['torch_resnet', ['safetensors', 'ts.pt', 'unfolded.onnx']]] as const) {
    for (const format of formats) {
      it(`${net}.pt is the same as its ${format}, either way`, async () => {
        assert.match(await run(torch(`${net}.pt`), torch(`${net}.${format}`)), /^No difference in \d+ layers\.\nstatus 0$/);
        assert.match(await run(torch(`${net}.${format}`), torch(`${net}.pt`)), /^No difference in \d+ layers\.\nstatus 0$/);
      });
    }
  }

  it('an export that has folded a normalisation into its convolution lacks the one and has moved the other', async () => {
    const text = await run(torch('torch_cnn.pt'), torch('torch_cnn.onnx'));
    assert.match(text, /^- bn1 \(BatchNorm\)\n~ conv1 \(Conv\)\n {4}bias: not there -> \[8\]\n {4}weight \[8, 1, 3, 3\]: moved by [\d.]+ of norm [\d.]+ \([\d.]+ %\)/);
    assert.match(text, /1 layer removed, .* 2 layers are the same\.\nstatus 1$/);
  });

  it('a whole module differs from its state_dict by nothing: settings and layers without weights are not in the one', async () => {
    assert.match(await run(torch('torch_cnn.pt'), torch('torch_cnn.module.pt')), /^No difference in 4 layers\./);
  });

  it('names that only begin otherwise belong together, and the sentence says so', async () => {
    const tensors = (prefix: string, change: number) => Object.fromEntries(['a', 'b', 'c'].map((name, index) => [`${prefix}${name}.weight`, [[1, 2], [3, 4 + (index === 1 ? change : 0)]] as const]));
    const [plain, wrapped, moved] = [await put('plain.safetensors', safetensors(tensors('', 0))), await put('wrapped.safetensors', safetensors(tensors('module.model.', 0))), await put('moved.safetensors', safetensors(tensors('_orig_mod.', 1)))];
    assert.equal(await run(plain, wrapped), 'No difference in 3 layers. Names are compared without module/model/ after.\nstatus 0');
    assert.equal(await run(wrapped, moved), '~ _orig_mod/b (Linear)\n    weight [1, 2]: moved by 1 of norm 5 (20 %), at most 1 an element\n1 weight moved, farthest _orig_mod/b/weight by 20 % of its norm; 2 layers are the same. Names are compared without module/model/ before and _orig_mod/ after.\nstatus 1');
  });

  it('finds no prefix where names agree already, or nowhere', () => {
    assert.deepEqual(prefixesOf(['model/a', 'model/b'], ['model/a', 'model/b']), { before: '', after: '' });
    assert.deepEqual(prefixesOf(['x/a', 'x/b'], ['y/c', 'y/d']), { before: '', after: '' });
    assert.deepEqual(prefixesOf(['x/a', 'x/b'], ['y/z/a', 'y/z/b']), { before: 'x/', after: 'y/z/' });
  });

  it('an adapter (LoRA) is compared as what it makes of its base: W + alpha / r · B A', async () => {
    const base = await put('base.safetensors', safetensors({ 'h.0.attn.weight': [[2, 2], [1, 0, 0, 1]], 'h.0.out.weight': [[1, 2], [1, 1]] }));
    await put('lora/adapter_config.json', JSON.stringify({ peft_type: 'LORA', r: 1, lora_alpha: 2 }));
    const name = 'base_model.model.h.0.attn';
    const adapter = await put('lora/adapter_model.safetensors', safetensors({ [`${name}.lora_A.weight`]: [[1, 2], [3, 0]], [`${name}.lora_B.weight`]: [[2, 1], [0, 0.5]] }));
    // 2 · [0, 0.5]ᵀ [3, 0] = [[0, 0], [3, 0]]
    assert.match(await run(base, adapter), /^~ h\/0\/attn \(Linear\)\n {4}weight \[2, 2\]: moved by 3 of norm 1\.414 \(212 %\), at most 3 an element\n1 weight moved.* the same\.\nstatus 1$/);
  });
});
