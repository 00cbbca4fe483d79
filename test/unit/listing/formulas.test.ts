/** Every row of the tables of losses, optimizers and derivatives is a formula that KaTeX renders, with a sentence. */
import assert from 'node:assert/strict';
import { derivativeOf, derivatives } from '../../../src/debug/view/derivatives';
import { explainLoss, losses } from '../../../src/debug/view/formulas/losses';
import { explainStep, optimizers } from '../../../src/debug/view/formulas/optimizers';
import { texName, texNumber, texPosition, texSum } from '../../../src/debug/view/tex';
import { optimizerNames, optimizerOf } from '../../../src/engine/optimizers/optimizers';
import { checkFormula } from './check-formula';

describe('formulas', () => {
  const names = { loss: texName('loss'), prediction: texName('out$put_1'), label: texName('labels') };

  for (const name of Object.keys(losses)) {
    it(`of the loss ${name}`, () => {
      for (const fromLogits of [false, true]) {
        for (const batch of [1, 32]) {
          const { formula, explanation } = explainLoss({ name, fromLogits }, batch, names);
          checkFormula(formula);
          assert.match(explanation, batch === 1 ? /1 example / : /32 examples /);
          assert.ok(formula.includes(names.prediction) && formula.includes(names.label));
        }
      }
    });
  }

  for (const convention of ['keras', 'tfjs', 'pytorch'] as const) {
    for (const type of optimizerNames) {
      it(`of a step of ${type}, ${convention}`, () => {
        const { formula, explanation } = explainStep(optimizerOf(type, convention), { weight: texName('w'), next: texName('w_new'), gradient: texName('d_w'), rate: '0.1' }, convention);
        checkFormula(formula);
        assert.ok(formula.startsWith(`${texName('w_new')}=`) && formula.includes(texName('w')));
        assert.notEqual(explanation, '');
        if (type !== 'ftrl') assert.ok(type in optimizers, `${type} has no row`);
      });
    }
  }

  it('adds epsilon where the convention does', () => {
    const step = (type: string, convention: 'keras' | 'pytorch'): string => explainStep(optimizerOf(type, convention), { weight: 'w', next: 'w_n', gradient: 'g', rate: '0.1' }, convention).formula;
    assert.ok(step('rmsprop', 'keras').includes('\\sqrt{v+\\varepsilon}') && step('rmsprop', 'pytorch').includes('\\sqrt{v}+\\varepsilon'));
    assert.ok(step('adam', 'keras').includes('\\frac{\\sqrt{1-\\beta_2^t}}{1-\\beta_1^t}') && step('adam', 'pytorch').includes('\\hat v'));
  });

  for (const [kernel, { formula, sentence }] of Object.entries(derivatives)) {
    it(`of the derivative of ${kernel}`, () => {
      checkFormula(formula);
      assert.match(sentence, /\.$/);
    });
  }

  it('names a derivative only where the recorded ops are those of that derivative', () => {
    assert.ok(derivativeOf('Tanh', ['Square', 'Sub', 'Multiply'])?.sentence.includes('tanh'));
    assert.equal(derivativeOf('Neg', ['ExpandDims', 'Exp', 'Sub', 'Multiply']), null);
    assert.equal(derivativeOf('constructor', []), null);
  });

  it('writes sums, positions and numbers shortly', () => {
    assert.equal(texSum(['n', 32], ['i', 10], ['j', 10], ['c', 1]), '\\sum_{n=0}^{31}\\sum_{i,j=0}^{9}');
    assert.equal(texPosition([[2, 'i'], [1, 'u']], -1), '2i+u-1');
    assert.equal(texPosition([[1, '0'], [1, '0']], 0), '0');
    assert.deepEqual([0.001, 1e-7, 2.5e-9, 3, 1 / 3, -Infinity].map(texNumber), ['0.001', '10^{-7}', '2.5\\cdot 10^{-9}', '3', '0.3333', '-\\infty']);
  });
});
