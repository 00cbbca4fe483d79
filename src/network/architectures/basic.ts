/** The first networks of every course: perceptron, dense network, LeNet-5, the conv net of the textbooks. */
import type { Architectures } from './architecture';
import { counted } from './architecture';
import { Sketch } from './sketch';

export const basic: Architectures = {
  perceptron: {
    title: 'Perceptron', source: 'F. Rosenblatt, The perceptron, 1958', parameters: 3, parametersFrom: counted, accuracy: null,
    draw: () => { const s = new Sketch('perceptron'); return s.finish(s.dense(s.input([2]), 1, 'sigmoid', 'neuron')); },
  },
  dense: {
    title: 'Dense network 784-128-64-10', source: 'D. Rumelhart, G. Hinton, R. Williams, Learning representations by back-propagating errors, 1986', parameters: 109386, parametersFrom: counted, accuracy: null,
    draw: () => {
      const s = new Sketch('dense');
      const flat = s.layer('Flatten', s.input([28, 28, 1], 'image'));
      return s.finish(s.dense(s.dense(s.dense(flat, 128, 'relu'), 64, 'relu'), 10, 'softmax'));
    },
  },
  lenet5: {
    title: 'LeNet-5', source: 'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998', parameters: 61706, parametersFrom: 'the usual form with C3 fully connected and a softmax output', accuracy: null,
    draw: () => {
      const s = new Sketch('lenet5');
      const c1 = s.conv(s.input([32, 32, 1], 'image'), 6, 5, { padding: 'valid', activation: 'tanh' }, 'c1');
      const c3 = s.conv(s.pool('Average', c1, 2, 2, 'valid', 's2'), 16, 5, { padding: 'valid', activation: 'tanh' }, 'c3');
      const flat = s.layer('Flatten', s.pool('Average', c3, 2, 2, 'valid', 's4'), {}, 'flatten');
      return s.finish(s.dense(s.dense(s.dense(flat, 120, 'tanh', 'c5'), 84, 'tanh', 'f6'), 10, 'softmax', 'digit'));
    },
  },
  conv39: {
    title: 'Conv net on 39 × 39 × 3', source: 'A. Ng, Convolutional Neural Networks, deeplearning.ai, 2017 (39×39×3 → 37×37×10 → 17×17×20 → 7×7×40 → 1960)', parameters: 27301, parametersFrom: counted, accuracy: null,
    draw: () => {
      const s = new Sketch('conv39');
      const one = s.conv(s.input([39, 39, 3], 'image'), 10, 3, { padding: 'valid', activation: 'relu' });
      const two = s.conv(one, 20, 5, { padding: 'valid', strides: [2, 2], activation: 'relu' });
      const three = s.conv(two, 40, 5, { padding: 'valid', strides: [2, 2], activation: 'relu' });
      return s.finish(s.dense(s.layer('Flatten', three), 1, 'sigmoid'));
    },
  },
};
