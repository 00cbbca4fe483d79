import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { openNetwork } from '../../../src/formats/registry';
import { flattenWeights } from '../../../src/network/layer-path';
import { Failure } from '../../../src/tensor/failure';
import { writeNpy } from '../../../src/tensor/npy';
import { fixture } from './fixture';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
/** A file's first bytes, each with what the sentence about it says. */
const others: readonly (readonly [name: string, content: Uint8Array, says: RegExp])[] = [
  ['model.safetensors', text('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 548105171\n'), /pointer to it that Git LFS left \(the model has 548,105,171 bytes\): run "git lfs pull"/],
  ['pytorch_model.bin', text('<!DOCTYPE html><html><head><title>Sign in</title>'), /is a web page, not a model/],
  ['llama.gguf', text('GGUF\u0003\0\0\0'), /is a GGUF file of llama\.cpp, which Backstep does not open/],
  ['net.ptl', text('\u0018\0\0\0PTMF\0\0\0\0'), /mobile module in FlatBuffers/],
  ['net.pte', text('\u0018\0\0\0ET12\0\0\0\0'), /ExecuTorch program/],
  ['net.pt.gz', gzipSync('x'), /is compressed with gzip: unpack it/],
  ['net.caffemodel', text('abc'), /is not a model file that Backstep knows \(by its name it is a Caffe model\); it reads Keras 3 archives/],
  ['notes.txt', text('hello'), /is not a model file that Backstep knows; it reads Keras 3 archives .* and NumPy/],
  ['models.zip', zipSync({ 'a/readme.txt': text('x'), 'a/net.onnx': text('y') }), /is a zip archive with the model a\/net\.onnx inside: unpack it/],
  ['paper.docx', zipSync({ 'word/document.xml': text('x') }), /is a zip archive of no model that Backstep knows; it holds word\/document\.xml/],
  ['compiled.pt2', zipSync({ 'x/data/aotinductor/model/a.so': text('x') }), /is a package of AOTInductor/],
  ['numbers.pkl', Buffer.from('\x80\x04\x95\x06\0\0\0\0\0\0\0]\x94(K\x01e.', 'latin1'), /is a Python pickle without tensors/],
  ['objects.npy', writeObjects('](K\x01e.'), /holds Python objects and no arrays of numbers/],
];

function writeObjects(pickle: string): Uint8Array {
  const header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
  return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]), Buffer.from(header + pickle, 'latin1')]);
}

describe('Files told by their content', () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-others-')); });
  after(() => rm(folder, { recursive: true }));

  for (const [name, content, says] of others) {
    it(`${name} is told with what it is and what to do`, async () => {
      const file = path.join(folder, name);
      await writeFile(file, content);
      const failure = await openNetwork(file).then(() => null, (error: unknown) => error);
      assert.ok(failure instanceof Failure, String(failure));
      assert.match(failure.message, says);
      assert.ok(failure.message.startsWith(name) && failure.message.endsWith('.') && !failure.message.includes('\n'), failure.message);
    });
  }

  for (const [file, format] of [
    ['torch/torch_cnn.pt', 'pytorch'], ['torch/torch_cnn.legacy.pt', 'pytorch'], ['torch/torch_cnn.ts.pt', 'pytorch'], ['torch/torch_cnn.pt2', 'pytorch'], ['torch/torch_cnn.safetensors', 'safetensors'],
    ['torch/torch_lstm.reference.npz', 'npz'], ['torch/torch_cnn.onnx', 'onnx'], ['datasets/arrays/float32.npy', 'npz'],
  ] as const) {
    it(`${file} opens as ${format} without an ending, and under that of another format`, async () => {
      await mkdir(path.join(folder, 'renamed'), { recursive: true });
      for (const name of ['weights', 'weights.h5', 'weights.txt', 'weights.safetensors', 'weights.json', 'weights.keras']) {
        const renamed = path.join(folder, 'renamed', name);
        await copyFile(fixture(file), renamed);
        const { network, weights } = await openNetwork(renamed);
        await weights.close();
        assert.equal(network.format, format);
      }
    });
  }

  it('a single array opens with its values', async () => {
    const file = path.join(folder, 'embedding.npy');
    await writeFile(file, writeNpy({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }));
    const { network, weights } = await openNetwork(file);
    assert.deepEqual([...flattenWeights(network)].map(({ weight }) => [weight.name, weight.shape]), [['embedding', [2, 2]]]);
    assert.deepEqual([...(await weights.read('embedding')).data], [1, 2, 3, 4]);
    await weights.close();
    assert.equal((await readFile(file)).length, 144);
  });
});
