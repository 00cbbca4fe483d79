import assert from 'node:assert/strict';
import { arithmeticOf, hasCells, valuesReader } from '../../../src/engine/cells/cells';
import { hull, reachOf, sizeOfBox } from '../../../src/engine/cells/reach';
import type { Box } from '../../../src/engine/cells/reach';
import { createRun } from '../../../src/engine/create-run';
import { createRandom } from '../../../src/engine/data/random';
import type { Op, Trace } from '../../../src/engine/trace';
import { indexAt, placeAt } from '../../../src/tensor/slice';
import { sizeOf } from '../../../src/tensor/value';
import { configOf, readReference, referenceNames } from '../engine/references';

/** Outputs that are small enough to go through the terms of all their elements. */
const largest = 1500;
/** Whose boxes may be larger than need be: what is read hangs on the values, or lies in several boxes. */
const generous = new Set(['Cumsum', 'GatherV2', 'ResizeBilinear', 'ResizeNearestNeighbor', 'Reshape', 'Tile', 'Select', 'FusedBatchNorm', 'StridedSlice']);

/** For each element of each input of an op, the smallest box around the output elements whose terms name it. */
function readers(trace: Trace, op: Op, read: ReturnType<typeof valuesReader>): Map<number, Map<number, Box>> {
  const found = new Map<number, Map<number, Box>>();
  const [output = -1] = op.outputs;
  const shape = trace.tensors.get(output)?.shape ?? [];
  for (let place = 0; place < sizeOf(shape); place += 1) {
    const index = indexAt(shape, place), box: Box = index.map((at) => [at, at]);
    for (const { factors } of arithmeticOf(op, index, read).terms) {
      for (const factor of factors) {
        const elements = found.get(factor.tensor) ?? new Map<number, Box>();
        found.set(factor.tensor, elements);
        const at = placeAt(read(factor.tensor).shape, factor.index), known = elements.get(at);
        elements.set(at, known === undefined ? box : hull(known, box));
      }
    }
  }
  return found;
}

describe('Which elements of an output read an element of an input', () => {
  for (const name of referenceNames('keras').filter((each) => !['lambda_model', 'will_i_pass_trained'].includes(each))) {
    it(`agrees with the terms of every output element, op by op: ${name}`, async () => {
      const reference = await readReference('keras', name);
      const run = await createRun({ ...configOf(reference, `${name}.keras`, 'sgd'), batchSize: 2, backend: 'wasm' }, { baseFolder: reference.folder });
      try {
        const trace = await run.iteration(0);
        const read = valuesReader(trace), random = createRandom(7, name), shapeOf = (tensor: number): readonly number[] => trace.tensors.get(tensor)?.shape ?? [];
        let compared = 0;
        for (const op of trace.ops) {
          if (op.phase !== 'forward' || !hasCells(op) || op.outputs.length !== 1 || sizeOf(shapeOf(op.outputs[0] ?? -1)) > largest) continue;
          const expected = readers(trace, op, read);
          for (const tensor of new Set(Object.values(op.inputs))) {
            const size = sizeOf(shapeOf(tensor));
            for (let sample = 0; sample < Math.min(size, 6); sample += 1) {
              const place = size <= 6 ? sample : random.integer(size), index = indexAt(shapeOf(tensor), place);
              const boxes = Object.entries(op.inputs).filter(([, id]) => id === tensor).map(([input]) => reachOf(op, input, index.map((at) => [at, at]), shapeOf)).filter((box) => box !== null);
              const [first = null, ...rest] = boxes, got = rest.reduce<Box | null>((sum, box) => (sum === null ? box : hull(sum, box)), first);
              const wanted = expected.get(tensor)?.get(place) ?? null;
              const text = `${op.kernel} ${JSON.stringify({ inputs: Object.fromEntries(Object.entries(op.inputs).map(([input, id]) => [input, shapeOf(id)])), index, got, wanted, attributes: op.attributes })}`;
              if (wanted === null) assert.ok(got === null || generous.has(op.kernel) || op.kernel === '_FusedMatMul' || sizeOfBox(got) > 0, text);
              else {
                assert.ok(got !== null && JSON.stringify(hull(got, wanted)) === JSON.stringify(got), text);
                if (!generous.has(op.kernel)) assert.deepEqual(got, wanted, text);
              }
              compared += 1;
            }
          }
        }
        assert.ok(compared > 10, String(compared));
      } finally {
        run.dispose();
      }
    });
  }
});
