import assert from 'node:assert/strict';
import { graphView } from '../../../src/network/graph-view';
import { openNetwork } from '../../../src/formats/registry';
import { layerQuery, queryProblem } from '../../../webview/render/graph/layer-query';
import { fixture } from '../formats/fixture';

async function found(file: string, text: string): Promise<string[]> {
  const { network, weights } = await openNetwork(fixture(file));
  await weights.close();
  const query = layerQuery(text);
  return graphView(network).nodes.filter((node) => query?.(node) ?? false).map(({ id }) => id);
}

describe('What is typed to find layers', () => {
  for (const [text, expected] of [
    ['tanh', ['c1', 'c3', 'c5', 'f6']], ['conv2d', ['c1', 'c3']], ['kernel_size=5', ['c1', 'c3']], ['kernel size=5', ['c1', 'c3']], ['kernel_size=5x5', ['c1', 'c3']], ['kernel=1', []],
    ['pool_size=2', ['s2', 's4']], ['strides=2', ['s2', 's4']], ['padding=same', ['c1']], ['class:dense -tanh', ['output']], ['activation=softmax', ['output']], ['units>90', ['c5']], ['units>=84 units<100', ['f6']],
    ['parameters>10k', ['c5', 'f6']], ['macs>=100k', ['c1', 'c3']], ['weights>100KB', ['c5']], ['is:trainable is:frozen', []], ['shape=5×5', ['s4']], ['filters=6', ['c1']], ['"c1"', ['c1']],
  ] as const) {
    it(`${text} finds ${expected.join(', ') || 'nothing'}`, async () => assert.deepEqual(await found('keras/lenet5.keras', text), expected));
  }
  it('finds layers with weights that are not trained, and layers with a problem', async () => {
    assert.deepEqual((await found('keras/resnet_mini.keras', 'is:frozen')).map((name) => /bn/.test(name)).includes(false), false);
    assert.ok((await found('keras/resnet_mini.keras', 'is:frozen')).length > 0);
    assert.ok((await found('keras/lambda_model.keras', 'is:problem')).length > 0);
    assert.deepEqual(await found('keras/lenet5.keras', 'is:problem'), []);
  });
  for (const [text, problem] of [
    ['is:traineable', 'is:traineable is not known; there are is:trainable, is:frozen, is:problem.'], ['parameters>many', 'parameters> needs a number, such as parameters>1M.'], ['kernel_size=', 'What stands after kernel_size= is missing.'],
    ['colour=red', 'No layer has a setting that is called colour.'], ['"c1', 'A quotation mark is not closed.'], ['units>x', 'units> needs a number, such as units>1M.'], ['kernel_size=9', null], ['dropout', null], ['parameters>1G', null], ['class:rnn', null], ['', null],
  ] as const) {
    it(`${text === '' ? 'an empty text' : text} ${problem === null ? 'is sound, found or not' : `gets a sentence: ${problem}`}`, async () => {
      const { network, weights } = await openNetwork(fixture('keras/lenet5.keras'));
      await weights.close();
      assert.equal(queryProblem(text, graphView(network).nodes), problem);
    });
  }
  it('asks for nothing when empty', () => { assert.equal(layerQuery('  '), null); });
});
