import assert from 'node:assert/strict';
import { scalar } from '@tensorflow/tfjs-core';
import { presentBackends } from '../../../src/engine/backend/backend';
import { RunState } from '../../../src/engine/state';
import { Checkpoints } from '../../../src/engine/timeline/checkpoints';

describe('checkpoints', () => {
  it('keep the first and the newest state and thin out between them, densely near the end', async () => {
    (await presentBackends()).at(-1)!.activate();
    const state = (iteration: number): RunState => new RunState(iteration, [], { value: scalar(iteration) });
    // Small states count as 128 KiB, so that this budget holds twelve.
    const checkpoints = new Checkpoints(state(0), 12 * 128 * 1024);
    for (let i = 1; i <= 1000; i += 1) checkpoints.add(state(i));
    const kept = checkpoints.iterations;
    assert.equal(kept.length, 12);
    assert.equal(kept[0], 0);
    assert.equal(kept.at(-1), 1000);
    const gaps = kept.slice(1).map((iteration, i) => iteration - kept[i]!);
    assert.ok(gaps.at(-1)! <= 4 && gaps[1]! > gaps.at(-1)!, gaps.join());
    for (const wanted of [0, 1, 500, 999, 1000, 5000]) {
      const found = checkpoints.atOrBefore(wanted).iteration;
      assert.equal(found, Math.max(...kept.filter((iteration) => iteration <= wanted)));
    }
    checkpoints.dispose();
  });
});
