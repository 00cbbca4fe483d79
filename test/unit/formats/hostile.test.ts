import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { zipSync } from 'fflate';
import { startOf } from '../../../src/editors/start-of-file';
import { openNetwork } from '../../../src/formats/registry';
import { flattenWeights } from '../../../src/network/layer-path';
import type { Json, Network, OpenedNetwork } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';
import { totalCost } from '../../../src/network/cost';
import { totalMemory } from '../../../src/network/memory';
import { inspect } from '../../../src/cli/inspect';
import { fixture, readJson } from './fixture';

/** Opens a file that must be refused with one sentence, naming the file, without a stack or a long wait. */
async function refused(file: string, ...expected: RegExp[]): Promise<Failure> {
  const start = process.cpuUsage();
  const failure = await openNetwork(file).then(async ({ weights }) => { await weights.close(); return null; }, (error: unknown) => error);
  const { user, system } = process.cpuUsage(start);
  assert.ok(failure instanceof Failure, `${file} should be refused, not ${String(failure)}`);
  for (const pattern of [new RegExp(path.basename(file).replace(/[.[\]]/g, '\\$&')), ...expected]) assert.match(failure.message, pattern);
  assert.ok(/[.?]$/.test(failure.message) && !failure.message.includes('\n') && failure.message.length < 600, failure.message);
  assert.ok((user + system) / 1e6 < 2, `${(user + system) / 1e6} s of processor time`);
  return failure;
}

/** Opens a file that must show its architecture and tell of its problem. */
async function shown(file: string, ...problems: RegExp[]): Promise<OpenedNetwork> {
  const opened = await openNetwork(file);
  assert.ok(opened.network.layers.length > 0);
  for (const pattern of problems) assert.ok(opened.network.problems.some((problem) => pattern.test(problem)), opened.network.problems.join('\n'));
  return opened;
}

async function readAll({ network, weights }: { network: Network; weights: OpenedNetwork['weights'] }): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const { weight } of flattenWeights(network)) {
    await weights.read(weight.key ?? '').catch((error: unknown) => { assert.ok(error instanceof Failure); failures.push(error); });
  }
  await weights.close();
  return failures;
}

describe('Hostile files', () => {
  it('an archive cut off says that it is incomplete', () => refused(fixture('hostile/truncated.keras'), /incomplete/));
  it('a zip bomb is refused before anything is unpacked', () => refused(fixture('hostile/zip_bomb.keras'), /zip bombs/, /4\.[0-9] GB/));
  it('a config that is no JSON is refused with the place of the error', () => refused(fixture('hostile/config_not_json.keras'), /config\.json is not valid JSON/, /line 1, column 1/));
  it('100,000 levels of nesting are refused without a stack overflow', () => refused(fixture('hostile/deep_nesting.keras'), /config\.json is nested more than 256 levels/));
  it('a cycle is refused with the names of its layers', () => refused(fixture('hostile/cycle.keras'), /cycle/, /"a" -> "b" -> "join" -> "a"/));
  it('an HDF5 file cut off in its superblock is refused', () => refused(fixture('hostile/truncated_superblock.h5'), /incomplete.*superblock \(40 bytes\)/));

  it('names that leave the archive are ignored and told of, the model opens', async () => {
    const opened = await shown(fixture('hostile/zip_slip.keras'), /3 members of zip_slip\.keras were ignored because their names leave the archive/);
    assert.deepEqual(await readAll(opened), []);
    for (const name of ['relative', 'absolute', 'inner']) assert.ok(!existsSync(`/tmp/fix_slip_${name}.txt`));
  });

  it('names of markup stay text, and the weights load', async () => {
    const opened = await shown(fixture('hostile/xss_names.keras'));
    assert.deepEqual(opened.network.problems, []);
    assert.equal(opened.network.layers[1]?.name, '<img src=x onerror=alert(1)>');
    assert.deepEqual(await readAll(opened), []);
  });

  it('a weight of another shape is told of with both shapes, and never read', async () => {
    const opened = await shown(fixture('hostile/shape_mismatch.keras'), /hidden\/kernel does not fit: the layer expects \(2, 3\), shape_mismatch\.keras holds \(3, 2\)/);
    assert.notEqual(opened.network.layers.find(({ name }) => name === 'hidden')?.problem, null);
    const failures = await readAll(opened);
    assert.deepEqual(failures.map(({ code }) => code), ['weights.shape']);
  });

  it('a shard path that leaves the folder is refused, the architecture shows', async () => {
    const opened = await shown(fixture('hostile/tfjs_traversal/model.json'), /etc\/passwd of its weightsManifest is refused because it leaves the model's folder/);
    assert.ok((await readAll(opened)).every(({ code }) => code === 'weights.incomplete'));
  });

  it('a shard that is too short is told of with both sizes; weights before its end still load', async () => {
    const opened = await shown(fixture('hostile/tfjs_short_shard/model.json'), /incomplete.*declares 7792 bytes.*have 4896/);
    const failures = await readAll(opened);
    assert.ok(failures.length > 0 && failures.length < 10);
  });

  it('a Lambda is shown and never run', async () => {
    for (const suffix of ['.keras', '.h5', '.config.json']) {
      const { network, weights } = await shown(fixture(`keras/lambda_model${suffix}`), /Lambda "lambda_layer".*never run/);
      await weights.close();
      assert.deepEqual(network.layers.map(({ type }) => type), ['InputLayer', 'Dense', 'Lambda', 'Dense']);
    }
    assert.ok(!existsSync('/tmp/PWNED_LAMBDA'));
  });
});

describe('Files of weights only', () => {
  it('a data set that claims petabytes is listed and never read', async () => {
    const opened = await shown(fixture('hostile/huge_dataset.weights.h5'), /holds weights only/);
    const failures = await readAll(opened);
    assert.equal(failures.length, 1);
    assert.match(failures[0]?.message ?? '', /huge_dataset\.weights\.h5: data set layers\/dense\/vars\/1 declares 4\.0 PB.*the whole file has 11 KB/);
  });

  it('lists all weights with their values, by the names of layers', async () => {
    for (const name of ['cnn_zoo', 'multi_io', 'transformer_block', 'gru_bidir']) {
      const description = readJson<{ total_params: number; weights: { shape: number[]; in_keras_archive_and_weights_h5: string }[] }>(`keras/${name}.json`);
      const opened = await shown(fixture(`keras/${name}.weights.h5`), /holds weights only/);
      const found = new Map([...flattenWeights(opened.network)].map(({ weight }) => [weight.key, weight.shape]));
      for (const { in_keras_archive_and_weights_h5: key, shape } of description.weights) assert.deepEqual(found.get(key), shape, key);
      assert.deepEqual([totalCost(opened.network).parameters, totalCost(opened.network).macs], [description.total_params, null], 'multiply-adds are not known, which is not none');
      assert.ok(opened.network.layers.every(({ problem }) => problem === null) && opened.network.viewOnly !== undefined, 'one sentence for the file, no warning at each layer');
      assert.deepEqual(await readAll(opened), []);
    }
    const { network, weights } = await openNetwork(fixture('keras/multi_io.weights.h5'));
    await weights.close();
    assert.ok(network.layers.some(({ name, type }) => name === 'tower/conv' && type === 'Conv2D'), network.layers.map(({ name }) => name).join(' '));
  });
});

describe('Broken files', () => {
  let folder = '';
  const file = (name: string): string => path.join(folder, name);
  const put = async (name: string, content: Uint8Array | string): Promise<string> => { await writeFile(file(name), content); return file(name); };
  const archive = (config: Json | string, weights?: Uint8Array): Uint8Array => zipSync({
    'metadata.json': Buffer.from('{"keras_version": "3.15.1"}'),
    'config.json': Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)),
    ...(weights === undefined ? {} : { 'model.weights.h5': weights }),
  });
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-formats-')); });
  after(() => rm(folder, { recursive: true }));

  it('missing, empty, a folder, of another kind', async () => {
    await refused(file('missing.keras'), /there is no such file/);
    await refused(await put('empty.h5', ''), /is empty \(0 bytes\)/);
    await refused(folder, /is a folder/);
    await refused(await put('picture.keras', await readFile(fixture('datasets/shapes/circle/circle_0.png'))), /not a model file that Backstep knows; it reads .*Keras 3 archive/);
    await refused(await put('text.json', 'hello'), /not a model file/);
    await refused(await put('other.json', '{"a": 1}'), /describes no model/);
    await refused(await put('list.json', '{"modelTopology": {"class_name": "Sequential", "config": 3}}'), /holds no model/);
  });

  it('files cut off anywhere never do more than say so', async () => {
    for (const name of ['keras/lenet5.keras', 'keras/will_i_pass.h5', 'tfjs/tfjs_digits/model.json']) {
      const bytes = await readFile(fixture(name));
      for (const part of [0.001, 0.05, 0.3, 0.7, 0.95, 0.999]) {
        await refused(await put(`cut${path.extname(name)}`, bytes.subarray(0, Math.max(1, Math.floor(bytes.length * part)))));
      }
    }
  });

  it('a file whose type is told by its content opens under any name', async () => {
    await copyFile(fixture('keras/will_i_pass.h5'), file('renamed.txt'));
    const { network, weights } = await openNetwork(file('renamed.txt'));
    await weights.close();
    assert.equal(network.format, 'keras-h5');
  });

  it('one member that claims a gigabyte is refused by its size', async () => {
    const stream = createWriteStream(file('big.keras'));
    stream.end(zipSync({ 'config.json': [new Uint8Array(80 * 1024 * 1024).fill(0x20), { level: 9 }] }));
    await finished(stream);
    await refused(file('big.keras'), /config\.json claims 84 MB, more than the 67 MB/);
  });

  it('an archive whose directory points beyond the file, or whose members are encrypted, is refused', async () => {
    const bytes = archive('{}');
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(2n ** 62n, 8);
    await refused(await put('beyond.keras', Buffer.concat([bytes.subarray(0, -22), locator, bytes.subarray(-22)])), /should lie at bytes \d+ to \d+, but the file has \d+/);
    const locked = Buffer.from(bytes);
    for (let at = 0; at + 4 < locked.length; at += 1) {
      if (locked.readUInt32LE(at) === 0x04034b50) locked.writeUInt16LE(1, at + 6);
      else if (locked.readUInt32LE(at) === 0x02014b50) locked.writeUInt16LE(1, at + 8);
    }
    await refused(await put('locked.keras', locked), /is encrypted, and is not read/);
  });

  it('ten thousands of members are listed at once', async () => {
    await refused(await put('many.keras', zipSync(Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`${index}`, new Uint8Array(0)])))), /no Keras model|not a model|holds no model|no model/);
  });

  it('an archive without config, or without weights', async () => {
    await refused(await put('plain.keras', zipSync({ 'a.txt': Buffer.from('a') })), /no Keras model: it has no config\.json/);
    const config = await readFile(fixture('keras/will_i_pass.config.json'), 'utf8');
    const { network, weights } = await shown(await put('bare.keras', archive(config)), /holds no weights/);
    await weights.close();
    assert.ok(network.layers.every((layer) => layer.weights.every(({ key }) => key === null)));
  });

  it('weights that are packed are read too', async () => {
    const config = await readFile(fixture('keras/will_i_pass.config.json'), 'utf8');
    const { network, weights } = await openNetwork(await put('packed.keras', archive(config, await readFile(fixture('keras/will_i_pass.weights.h5')))));
    assert.deepEqual(network.problems, []);
    assert.deepEqual(await readAll({ network, weights }), []);
  });

  const layer = (class_name: string, name: string, config: Record<string, Json>, from?: string): Json => ({
    module: 'keras.layers', class_name, name, config: { name, trainable: true, ...config },
    inbound_nodes: from === undefined ? [] : [{ args: [{ class_name: '__keras_tensor__', config: { shape: [null, 4], dtype: 'float32', keras_history: [from, 0, 0] } }], kwargs: {} }],
  });
  const model = (layers: Json[], output: string): Json => ({ module: 'keras', class_name: 'Functional', config: { name: 'm', layers, input_layers: ['x', 0, 0], output_layers: [output, 0, 0] } });
  const input = layer('InputLayer', 'x', { batch_shape: [null, 4] });

  it('an unknown class is named, and the rest of the graph is there', async () => {
    const config = model([input, layer('FancyLayer', 'fancy', {}, 'x'), layer('Dense', 'out', { units: 2 }, 'fancy')], 'out');
    const { network } = await shown(await put('unknown.json', JSON.stringify(config)), /FancyLayer "fancy": this class of layers is not known/);
    assert.equal(network.problems.length, 1);
    assert.deepEqual(network.layers[2]?.weights.map(({ shape }) => shape), [[4, 2], [2]]);
  });

  it('references to what does not exist, duplicates and self-loops are refused', async () => {
    await refused(await put('reference.json', JSON.stringify(model([input, layer('Dense', 'out', { units: 2 }, 'ghost')], 'out'))), /"out" takes its input from "ghost", which does not exist/);
    await refused(await put('twice.json', JSON.stringify(model([input, layer('Dense', 'out', { units: 2 }, 'x'), layer('Dense', 'out', { units: 2 }, 'x')], 'out'))), /Two layers are called "out"/);
    await refused(await put('self.json', JSON.stringify(model([input, layer('Dense', 'out', { units: 2 }, 'out')], 'out'))), /cycle: "out" -> "out"/);
  });

  it('settings of a wrong type or size are problems of their layer only', async () => {
    const cases: [Json, RegExp][] = [
      [layer('Dense', 'out', { units: 'many' }, 'x'), /Dense "out": its setting units should be a number, not "many"/],
      [layer('Dense', 'out', { units: -3 }, 'x'), /units should be a whole number/],
      [layer('Dense', 'out', { units: 1e300 }, 'x'), /units should be a whole number/],
      [layer('Conv2D', 'out', { filters: 2, kernel_size: [3, 3] }, 'x'), /needs an input with 4 axes and gets \(None, 4\)/],
      [layer('Reshape', 'out', { target_shape: [3, -1] }, 'x'), /cannot turn \(4,\) \(4 elements\) into \(3, -1\)/],
      [layer('Bidirectional', 'out', { layer: 7 }, 'x'), /its setting layer should be a layer/],
      [layer('constructor', 'out', {}, 'x'), /this class of layers is not known/],
      [layer('__proto__', '__proto__', {}, 'x'), /this class of layers is not known/],
    ];
    for (const [out, expected] of cases) {
      const name = (out as { name: string }).name;
      await shown(await put('settings.json', JSON.stringify(model([input, out], name))), expected);
    }
  });

  it('sizes that no machine has are named at their layer, and left out of the sums', async () => {
    const cases: [Json, Json, RegExp][] = [
      [[null, 4], layer('Dense', 'out', { units: 1e15 }, 'x'), /Dense "out": its output \(None, 1000000000000000\) takes more than the 4 GiB for each example/],
      [[null, 1e6], layer('Dense', 'out', { units: 1e6 }, 'x'), /Dense "out": its weight kernel \(1000000, 1000000\) takes more than the 4 GiB that a tensor can have.*left out of all sums/],
      [[null, 4], layer('Embedding', 'out', { input_dim: 1e12, output_dim: 1e12 }, 'x'), /Embedding "out": its output/],
      [[null, 8, 8, 3], layer('UpSampling2D', 'out', { size: [1e9, 1e9] }, 'x'), /UpSampling2D "out": its output/],
      [[null, 8, 8, 3], layer('ZeroPadding2D', 'out', { padding: [[1e12, 1e12], [1e12, 1e12]] }, 'x'), /ZeroPadding2D "out": its output/],
      [[null, 1e9, 1e9, 1e9], layer('Flatten', 'out', {}, 'x'), /Flatten "out": an axis of its output would have more elements than can be counted/],
    ];
    for (const [batch_shape, out, expected] of cases) {
      const { network } = await shown(await put('sizes.json', JSON.stringify(model([layer('InputLayer', 'x', { batch_shape }), out], 'out'))), expected);
      const { parameters, macs } = totalCost(network);
      assert.ok(Number.isSafeInteger(parameters) && (macs === null || Number.isSafeInteger(macs)), `${parameters}, ${macs}`);
      assert.ok(totalMemory(network).activations === null || Number.isSafeInteger(totalMemory(network).activations));
    }
    // Large, but of this world: shown with its figures, and said to be too large to run.
    const { network } = await shown(await put('sizes.json', JSON.stringify(model([input, layer('Dense', 'out', { units: 2 ** 31 }, 'x')], 'out'))), /Dense "out"/);
    assert.equal(totalCost(network).parameters, 5 * 2 ** 31);
  });

  it('descriptions made of more values, strings or layers than any model are refused', async () => {
    const config = (text: string): string => `{"class_name": "Sequential", "config": {"layers": [], "x": ${text}}}`;
    const many = (count: number, item: (index: number) => string): string => Array.from({ length: count }, (_, index) => item(index)).join(',');
    await refused(await put('brackets.json', config(`[${many(25_000, () => `${'['.repeat(200)}${']'.repeat(200)}`)}]`)), /more than 4,000,000 values/);
    await refused(await put('keys.json', config(`{${many(700_000, (index) => `"k${index}":1`)}}`)), /more than 500,000 different keys/);
    await refused(await put('strings.json', config(`[${many(2_000_000, (index) => `"s${index}"`)}]`)), /more than 1,500,000 different strings/);
    await refused(await put('layers.json', `{"class_name": "Sequential", "config": {"layers": [${many(100_000, (index) => `{"class_name":"Dense","config":{"units":1,"name":"d${index}"}}`)}]}}`), /more than the 60,000 that can be shown/);
  });

  it('a string of millions of characters that never ends is refused with its place', async () => {
    await refused(await put('open.json', `{"class_name": "${'a'.repeat(30_000_000)}`), /line 1, column 16/);
    await refused(await put('backslashes.json', `{"class_name": "${'\\'.repeat(30_000_001)}`), /line 1, column 16/);
  });

  it('50,000 layers are listed without going through all of them for each', async () => {
    const layers = Array.from({ length: 50_000 }, (_, index) => ({ class_name: 'Dense', config: { units: 1, name: `d${index}` } }));
    const file = await put('chain.json', JSON.stringify({ class_name: 'Sequential', config: { layers: [{ class_name: 'InputLayer', config: { batch_shape: [null, 4] } }, ...layers] } }));
    const start = process.cpuUsage();
    let text = '';
    assert.equal(await inspect([file], { out: (part) => { text += part; }, error: assert.fail }), 0);
    assert.match(text, /100,003 parameters/);
    assert.ok(process.cpuUsage(start).user < 4e6, `${process.cpuUsage(start).user / 1e6} s`);
  });

  it('models nested in models many times over do not multiply the work', async () => {
    let inner = model([layer('InputLayer', 'x', { batch_shape: [null, null, 4] }), layer('Dense', 'out', { units: 4 }, 'x')], 'out') as Record<string, Json>;
    for (let depth = 0; depth < 40; depth += 1) {
      inner = model([layer('InputLayer', 'x', { batch_shape: [null, null, 4] }), { ...inner, name: 'a', inbound_nodes: ['x', 'x', 'x'].map((from) => [[from, 0, 0, {}]]) }], 'a') as Record<string, Json>;
    }
    const start = process.cpuUsage();
    const { network } = await openNetwork(await put('nested.json', JSON.stringify(inner)));
    const { user } = process.cpuUsage(start);
    assert.equal(network.layers.length, 2);
    assert.ok(user < 2e6, `${user / 1e6} s`);
  });

  it('lists and instructions that fill the memory from a small file are refused', async () => {
    const pickle = Buffer.concat([Uint8Array.of(0x80, 2), Buffer.alloc(200_000_000, 'N'), Buffer.from('.')]);
    await refused(await put('bomb.pt', zipSync({ 'a/data.pkl': [pickle, { level: 9 }], 'a/version': Buffer.from('3') })), /more than 3,000,000 instructions|claims/);
    // 70,000 nodes of two bytes, then 3,000,000 attributes of one.
    const field = (number: number, content: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(number * 8 + 2, ...[0, 7, 14, 21].map((shift) => ((content.length >> shift) & 127) | (shift < 21 ? 128 : 0))), content]);
    const file = (graph: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(8, 8), field(7, graph)]);
    await refused(await put('nodes.onnx', file(Buffer.alloc(140_000, Uint8Array.of(10, 0)))), /70,000 layers, more than the 60,000/);
    await refused(await put('attributes.onnx', file(field(1, Buffer.alloc(600_000, Uint8Array.of(42, 0))))), /lists more entries than any model has/);
  });

  it('pipes and devices in place of files are never opened', async () => {
    execFileSync('mkfifo', [file('pipe.json'), file('pipe.onnx'), file('pipe.npy')]);
    await symlink('/dev/zero', file('zero.json'));
    for (const name of ['pipe.json', 'pipe.onnx', 'pipe.npy', 'zero.json']) {
      await refused(file(name), /not a regular file/);
      assert.equal(await startOf(file(name), 100), '');
    }
    assert.equal(await startOf(file('nothing.json'), 100), '');
    assert.equal(await startOf(await put('some.json', '{"format": "layers-model"}'), 9), '{"format"');
  });

  it('a link to a shard outside the folder is not followed', async () => {
    await mkdir(file('linked'), { recursive: true });
    await copyFile(fixture('tfjs/tfjs_digits/model.json'), file('linked/model.json'));
    await copyFile(fixture('tfjs/tfjs_digits/group1-shard2of2.bin'), file('linked/group1-shard2of2.bin'));
    await symlink(fixture('tfjs/tfjs_digits/group1-shard1of2.bin'), file('linked/group1-shard1of2.bin'));
    await shown(file('linked/model.json'), /group1-shard1of2\.bin is refused because it is a link that leaves/);
  });

  it('a missing shard leaves the architecture', async () => {
    await mkdir(file('lonely'), { recursive: true });
    await copyFile(fixture('tfjs/tfjs_digits/model.json'), file('lonely/model.json'));
    const opened = await shown(file('lonely/model.json'), /the shard group1-shard1of2\.bin is missing/);
    assert.equal((await readAll(opened)).length, 10);
  });

  it('an HDF5 file on which the library would loop for ever is given up, and the next file opens', async () => {
    const bytes = await readFile(fixture('keras/will_i_pass_trained.h5'));
    for (const [at, value] of [[5038, 75], [5120, 255], [6306, 71], [7361, 0], [9961, 255], [10988, 45], [12914, 171], [13507, 140], [15398, 255], [15625, 255], [16546, 138], [16966, 147], [17267, 255], [17866, 197], [18731, 204], [19738, 0]] as const) bytes[at] = value;
    await refused(await put('loop.h5', bytes));
    const { weights } = await openNetwork(fixture('keras/will_i_pass.h5'));
    await weights.close();
  });
});
