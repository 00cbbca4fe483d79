import assert from 'node:assert/strict';
import path from 'node:path';
import { openNetwork } from '../../../src/formats/registry';
import { fieldSize, receptiveFields, seen } from '../../../src/network/receptive-field';
import type { ReceptiveField } from '../../../src/network/receptive-field';

async function fieldsOf(file: string): Promise<Map<string, ReceptiveField>> {
  const { network, weights } = await openNetwork(path.resolve('test/fixtures/models', file));
  await weights.close();
  return receptiveFields(network);
}
const sizes = (field: ReceptiveField | undefined): (number | null)[] => (field ?? assert.fail('no field')).axes.map((axis) => (axis === null ? null : fieldSize(axis)));
const jumps = (field: ReceptiveField | undefined): (number | null)[] => (field ?? assert.fail('no field')).axes.map((axis) => axis?.jump ?? null);

describe('Receptive fields', () => {
  it('of LeNet-5 are those of the textbook: 5, 6, 14, 16, then everything', async () => {
    const fields = await fieldsOf('keras/lenet5.keras');
    assert.deepEqual(['c1', 's2', 'c3', 's4'].map((name) => sizes(fields.get(name))), [[5, 5], [6, 6], [14, 14], [16, 16]]);
    assert.deepEqual(['c1', 's2', 'c3', 's4'].map((name) => jumps(fields.get(name))), [[1, 1], [2, 2], [2, 2], [4, 4]]);
    assert.deepEqual(sizes(fields.get('c5')), [null, null]);
  });

  it('of flattened elements are as large as before, in channels-last and channels-first files; what reads the row sees all', async () => {
    for (const [file, flat, wanted] of [['keras/lenet5.keras', 'flatten', [16, 16]], ['torch/torch_cnn.onnx', 'Flatten', null]] as const) {
      const fields = await fieldsOf(file), paths = [...fields.keys()], at = paths.indexOf(flat);
      assert.ok(at > 0, paths.join());
      assert.deepEqual(sizes(fields.get(flat)), wanted ?? sizes(fields.get(paths[at - 1] ?? '')));
      assert.deepEqual(sizes(fields.get(paths[at + 1] ?? '')), [null, null]);
    }
  });

  it('of keras.applications are those published by Araujo et al.: VGG-16 212, ResNet-50 483', async () => {
    const vgg = await fieldsOf('applications/VGG16.config.json');
    assert.deepEqual(sizes(vgg.get('block5_pool')), [212, 212]);
    assert.deepEqual(jumps(vgg.get('block5_pool')), [32, 32]);
    const resnet = await fieldsOf('applications/ResNet50.config.json');
    assert.deepEqual(jumps(resnet.get('conv5_block3_out')), [32, 32]);
    assert.deepEqual(sizes(resnet.get('conv5_block3_out')), [483, 483]);
  });

  it('are clipped at the borders of the input', async () => {
    const c1 = (await fieldsOf('keras/lenet5.keras')).get('c1');
    assert.deepEqual([seen(c1?.axes[0] ?? null, 0, 28), seen(c1?.axes[0] ?? null, 10, 28), seen(c1?.axes[0] ?? null, 27, 28)], [[0, 2], [8, 12], [25, 27]]);
  });

  it('pass through upsampling and transposed convolutions', async () => {
    const fields = await fieldsOf('keras/autoencoder.keras');
    assert.ok([...fields.values()].some((field) => jumps(field).some((jump) => jump !== null && jump < 4)));
    for (const [name, field] of fields) for (const axis of field.axes) assert.ok(axis === null || axis.high >= axis.low - 1, name);
  });
});
