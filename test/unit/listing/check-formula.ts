/** A formula is what KaTeX renders without an error. */
import assert from 'node:assert/strict';
import katex from 'katex';

/** KaTeX renders the formula without an error. */
export function checkFormula(formula: string): void {
  assert.notEqual(formula, '');
  katex.renderToString(formula, { throwOnError: true, strict: (code: string) => (code === 'unknownSymbol' || code === 'unicodeTextInMathMode' ? 'ignore' : 'error') });
}
