/** Large files of weights are never loaded whole: what the process reads while a file is opened, and while one weight is looked at. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNetwork } from '../../../src/formats/registry';
import { graphView } from '../../../src/network/graph-view';
import { flattenWeights } from '../../../src/network/layer-path';
import { writeNpz, writeSafetensors, writeWeightsH5 } from '../../bench/large-files';
import { fixture } from '../formats/fixture';

const mebibyte = 2 ** 20;
/** Bytes that the process has read so far, by Linux's own count. */
const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

describe('A large file of weights', function () {
  let folder = '';
  before(async function () {
    if (!existsSync('/proc/self/io')) this.skip();
    folder = mkdtempSync(path.join(tmpdir(), 'backstep-large-'));
    // The reader of HDF5 is loaded once; that is no reading of the file.
    await (await openNetwork(fixture('keras/lenet5.h5'))).weights.close();
  });
  after(() => { if (folder !== '') rmSync(folder, { recursive: true, force: true }); });

  for (const [name, write] of [['safetensors', writeSafetensors], ['npz', writeNpz], ['weights.h5', writeWeightsH5]] as const) {
    it(`${name}: opens by reading less than a hundredth, and reads one weight alone`, async () => {
      const file = path.join(folder, `large.${name}`);
      await write(file, 24);
      assert.ok(statSync(file).size > 119 * mebibyte);
      const before = bytesRead();
      const { network, weights } = await openNetwork(file);
      const view = graphView(network);
      const opened = bytesRead() - before;
      assert.ok(view.nodes.length >= 24);
      assert.ok(opened < mebibyte, `${(opened / mebibyte).toFixed(2)} MiB to open it`);
      const [weight] = [...flattenWeights(network)];
      const value = await weights.read(weight?.weight.key ?? '');
      assert.equal(value.data.byteLength, 5 * mebibyte);
      const more = bytesRead() - before - opened;
      assert.ok(more < 6 * mebibyte, `${(more / mebibyte).toFixed(2)} MiB to read 5`);
      await weights.close();
    });
  }
});
