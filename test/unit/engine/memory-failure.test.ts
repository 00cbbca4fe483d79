// The sentence for an iteration that needs more memory than there is.
import assert from 'node:assert/strict';
import { memorySentence } from '../../../src/engine/memory-failure';

describe('The lack of memory', () => {
  const trap = Object.assign(new Error('memory access out of bounds'), { name: 'RuntimeError' });

  it('is named where WebAssembly traps with its memory nearly full, and what helps', () => {
    assert.match(memorySentence(trap, 3.9 * 2 ** 30) ?? '', /3\.9 GiB so far.*fewer examples a batch.*"tensorflow"/);
  });

  it('is named where an array cannot be made', () => {
    let thrown: unknown;
    try {
      void new ArrayBuffer(Number.MAX_SAFE_INTEGER);
    } catch (error) {
      thrown = error;
    }
    assert.match(memorySentence(thrown, 0) ?? '', /more memory than there is/);
  });

  it('is not blamed for other traps and errors', () => {
    assert.equal(memorySentence(trap, 2 ** 20), null);
    assert.equal(memorySentence(new RangeError('Maximum call stack size exceeded'), 2 ** 32), null);
    assert.equal(memorySentence(new Error('shapes differ'), 2 ** 32), null);
  });
});
