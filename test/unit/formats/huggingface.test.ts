import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { findLayer, flattenLayers, flattenWeights } from '../../../src/network/layer-path';
import type { OpenedNetwork } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';
import { fixture } from './fixture';

type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype?: string; readonly bytes?: number }>>;

/** A file of tensors whose elements (float32 unless they have a type) are all `fill`. */
function safetensors(tensors: Tensors, fill = 1): Buffer {
  let at = 0;
  const parts: Buffer[] = [];
  const header = JSON.stringify(Object.fromEntries(Object.entries(tensors).map(([name, { shape, dtype = 'F32', bytes }]) => {
    const count = shape.reduce((all, extent) => all * extent, 1);
    const part = bytes === undefined ? Buffer.from(new Float32Array(count).fill(fill).buffer) : Buffer.alloc(bytes, 0x21);
    parts.push(part);
    at += part.length;
    return [name, { dtype, shape, data_offsets: [at - part.length, at] }];
  })));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), ...parts]);
}

describe("Hugging Face's layouts", () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-hugging-')); });
  after(() => rm(folder, { recursive: true }));
  const put = async (name: string, content: string | Uint8Array): Promise<string> => {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  const withModel = async <T>(file: string, action: (opened: OpenedNetwork) => T | Promise<T>): Promise<T> => {
    const opened = await openNetwork(file);
    try { return await action(opened); } finally { await opened.weights.close(); }
  };
  const refused = async (file: string): Promise<string> => {
    const failure = await openNetwork(file).then(() => null, (error: unknown) => error);
    assert.ok(failure instanceof Failure && failure.message.includes(path.basename(file)), String(failure));
    return failure.message;
  };
  const layers = Array.from({ length: 12 }, (_, index) => `model.layers.${index}.mlp.up_proj.weight`).sort();
  /** Twelve blocks and an embedding in two files, with their index and a configuration. */
  const sharded = async (name: string): Promise<string> => {
    const [first, second] = [layers.slice(0, 6), layers.slice(6)].map((names) => Object.fromEntries(names.map((each) => [each, { shape: [4, 2] }])));
    await put(`${name}/model-00001-of-00002.safetensors`, safetensors({ ...first, 'model.embed_tokens.weight': { shape: [5, 2] } }, 1));
    await put(`${name}/model-00002-of-00002.safetensors`, safetensors(second ?? {}, 2));
    await put(`${name}/config.json`, JSON.stringify({ architectures: ['LlamaForCausalLM'], model_type: 'llama' }));
    const places = Object.fromEntries([...layers.slice(0, 6), 'model.embed_tokens.weight'].map((each) => [each, 'model-00001-of-00002.safetensors']));
    return put(`${name}/model.safetensors.index.json`, JSON.stringify({ metadata: { total_size: 424 }, weight_map: { ...places, ...Object.fromEntries(layers.slice(6).map((each) => [each, 'model-00002-of-00002.safetensors'])) } }));
  };

  it('an index opens as one tree, in the order of its blocks, each weight from its file', async () => {
    const index = await sharded('whole');
    for (const file of [index, path.join(folder, 'whole/config.json'), path.join(folder, 'whole')]) {
      await withModel(file, async ({ network, weights }) => {
        assert.deepEqual([network.format, network.formatDetail, totalCost(network).parameters], ['safetensors', 'LlamaForCausalLM, 2 files', 12 * 8 + 10]);
        assert.deepEqual(findLayer(network, 'model/layers')?.network?.layers.map(({ name }) => name), Array.from({ length: 12 }, (_, index) => String(index)));
        assert.deepEqual([findLayer(network, 'model/embed_tokens')?.type, findLayer(network, 'model/layers/10/mlp/up_proj')?.type], ['Embedding', 'Linear']);
        assert.deepEqual([...(await weights.read(layers[0] ?? '')).data, ...(await weights.read(layers[11] ?? '')).data], [...new Array<number>(8).fill(1), ...new Array<number>(8).fill(2)]);
        assert.equal(network.problems.length, 1);
      });
    }
  });

  it('a missing file is named with how many weights it holds; its layers and the others are shown', async () => {
    const index = await sharded('missing');
    await rm(path.join(folder, 'missing/model-00002-of-00002.safetensors'));
    await withModel(index, ({ network }) => {
      assert.match(network.problems[1] ?? '', /the file model-00002-of-00002\.safetensors is missing from its folder\. Its 6 weights are not shown\./);
      assert.equal(findLayer(network, layers[11]?.replace('.weight', '').replaceAll('.', '/') ?? '')?.config['weights in'], 'model-00002-of-00002.safetensors (not read)');
      assert.equal([...flattenWeights(network)].length, 7);
    });
    await rm(path.join(folder, 'missing/model-00001-of-00002.safetensors'));
    assert.match(await refused(index), /model-00001-of-00002\.safetensors is missing from its folder/);
  });

  it('one file of several says so and names the index', async () => {
    await sharded('one');
    await withModel(path.join(folder, 'one/model-00002-of-00002.safetensors'), ({ network }) => {
      assert.match(network.problems[1] ?? '', /number 2 of 2 files that hold the model: open model\.safetensors\.index\.json beside it/);
    });
  });

  it('files of PyTorch are shards too, and storages of two files are never taken for one', async () => {
    await mkdir(path.join(folder, 'bin'), { recursive: true });
    for (const [from, to] of [['torch/torch_lstm.pt', 'pytorch_model-00001-of-00002.bin'], ['torch/torch_cnn.pt', 'pytorch_model-00002-of-00002.bin']] as const) await copyFile(fixture(from), path.join(folder, 'bin', to));
    const counts = await Promise.all(['torch/torch_lstm.pt', 'torch/torch_cnn.pt'].map((file) => withModel(fixture(file), ({ network }) => ({ parameters: totalCost(network).parameters, names: [...flattenWeights(network)].map(({ weight }) => weight.key ?? '') }))));
    const places = Object.fromEntries(counts.flatMap(({ names }, index) => names.map((name) => [name, `pytorch_model-0000${index + 1}-of-00002.bin`] as const)));
    await withModel(await put('bin/pytorch_model.bin.index.json', JSON.stringify({ metadata: {}, weight_map: places })), ({ network }) => {
      assert.deepEqual([network.format, totalCost(network).parameters], ['pytorch', counts.reduce((sum, { parameters }) => sum + parameters, 0)]);
    });
  });

  it('an index that leads out of its folder, in words or by a link, reads nothing there', async () => {
    assert.match(await refused(await put('out/a.index.json', JSON.stringify({ weight_map: { w: '../whole/model-00001-of-00002.safetensors' } }))), /leaves the model's folder/);
    await put('secret.safetensors', safetensors({ w: { shape: [1] } }));
    await symlink(path.join(folder, 'secret.safetensors'), path.join(folder, 'out/link.safetensors'));
    assert.match(await refused(await put('out/b.index.json', JSON.stringify({ weight_map: { w: 'link.safetensors' } }))), /is a link that leaves the model's folder/);
  });

  it("the library's cache opens: its snapshots are links to the blobs of the same model", async () => {
    const content = safetensors({ 'a.weight': { shape: [2, 2] } });
    await put('models--x/blobs/0123abcd', content);
    await mkdir(path.join(folder, 'models--x/snapshots/1'), { recursive: true });
    await symlink('../../blobs/0123abcd', path.join(folder, 'models--x/snapshots/1/model-00001-of-00001.safetensors'));
    await withModel(await put('models--x/snapshots/1/model.safetensors.index.json', JSON.stringify({ weight_map: { 'a.weight': 'model-00001-of-00001.safetensors' } })), async ({ network, weights }) => {
      assert.deepEqual([[...(await weights.read('a.weight')).data], network.problems.length], [[1, 1, 1, 1], 1]);
    });
  });

  it('a configuration without weights, and a pipeline, say what to open', async () => {
    assert.match(await refused(await put('bare/config.json', JSON.stringify({ architectures: ['BertModel'] }))), /describes a model \(BertModel\), but its weights are not beside it: there is no model\.safetensors/);
    assert.match(await refused(await put('bare/model_index.json', JSON.stringify({ _class_name: 'StableDiffusionPipeline', _diffusers_version: '0.30', unet: ['diffusers', 'UNet2DConditionModel'], vae: ['diffusers', 'AutoencoderKL'] }))), /pipeline of several models \(unet, vae\)/);
  });

  it('an adapter is told with its rank and what it adapts', async () => {
    const name = 'base_model.model.transformer.h.0.attn.c_attn';
    await put('lora/adapter_config.json', JSON.stringify({ peft_type: 'LORA', r: 4, base_model_name_or_path: 'gpt2' }));
    await withModel(await put('lora/adapter_model.safetensors', safetensors({ [`${name}.lora_A.weight`]: { shape: [4, 32] }, [`${name}.lora_B.weight`]: { shape: [96, 4] } })), ({ network }) => {
      assert.equal(network.formatDetail, 'LoRA of rank 4 on gpt2');
      assert.deepEqual([findLayer(network, name.replaceAll('.', '/'))?.type, findLayer(network, `${name}.lora_A`.replaceAll('.', '/'))?.foreign?.detail], ['LoRA', '32→4']);
    });
  });

  const quantised: readonly (readonly [string, Tensors, string, number])[] = [
    ['GPTQ', { 'l.qweight': { shape: [16, 8], dtype: 'I32', bytes: 512 }, 'l.qzeros': { shape: [1, 1], dtype: 'I32', bytes: 4 }, 'l.scales': { shape: [1, 8], dtype: 'F16', bytes: 16 }, 'l.g_idx': { shape: [128], dtype: 'I32', bytes: 512 } }, '128→8, 4 bit (GPTQ)', 0],
    ['AWQ', { 'l.qweight': { shape: [128, 1], dtype: 'I32', bytes: 512 }, 'l.qzeros': { shape: [1, 1], dtype: 'I32', bytes: 4 }, 'l.scales': { shape: [1, 8], dtype: 'F16', bytes: 16 } }, '128→8, 4 bit (AWQ)', 0],
    ['4-bit bitsandbytes', { 'l.weight': { shape: [64, 1], dtype: 'U8', bytes: 64 }, 'l.weight.absmax': { shape: [2] }, 'l.weight.quant_map': { shape: [16] }, 'l.weight.quant_state.bitsandbytes__nf4': { shape: [8], dtype: 'U8', bytes: 8 } }, '4 bit (bitsandbytes)', 0],
    ['8-bit bitsandbytes', { 'l.weight': { shape: [4, 8], dtype: 'I8', bytes: 32 }, 'l.SCB': { shape: [4] } }, '8→4, 8 bit (bitsandbytes)', 32],
    ['8-bit floats with scales', { 'l.weight': { shape: [4, 8], dtype: 'F8_E4M3', bytes: 32 }, 'l.weight_scale_inv': { shape: [1, 1] } }, '8→4, scaled 8-bit floats', 32],
  ];
  for (const [kind, tensors, detail, parameters] of quantised) {
    it(`a layer of ${kind} is one layer, its scales are no parameters`, async () => {
      await withModel(await put(`${kind.replaceAll(' ', '-')}.safetensors`, safetensors(tensors)), ({ network }) => {
        assert.deepEqual([...flattenLayers(network)].map(({ path: each, layer }) => [each, layer.type, layer.foreign?.detail, layer.weights.length]), [['l', 'Linear', detail, Object.keys(tensors).length]]);
        assert.equal(totalCost(network).parameters, parameters);
        assert.equal(network.problems.some((text) => /weights packed, several in an integer/.test(text)), parameters === 0);
      });
    });
  }

  it('4-bit floats lie two in a byte', async () => {
    await withModel(await put('four.safetensors', safetensors({ w: { shape: [2, 2], dtype: 'F4', bytes: 2 } })), async ({ weights }) => {
      assert.deepEqual(await weights.read('w'), { dtype: 'float32', shape: [2, 2], data: Float32Array.of(0.5, 1, 0.5, 1) });
    });
  });

  it('a file that was cut off opens and says what is missing', async () => {
    const whole = safetensors({ a: { shape: [2] }, b: { shape: [2] } });
    await withModel(await put('cut.safetensors', whole.subarray(0, whole.length - 6)), async ({ network, weights }) => {
      assert.match(network.problems[1] ?? '', /cut\.safetensors is incomplete: its tensors reach to byte \d+, but the file has \d+/);
      assert.equal((await weights.read('a')).data.length, 2);
      await assert.rejects(weights.read('b'), /should lie at bytes/);
    });
  });
});
