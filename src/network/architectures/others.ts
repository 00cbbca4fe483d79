/** U-Net, recurrent networks and the transformer encoder. */
import type { JsonObject } from '../network';
import type { Architectures } from './architecture';
import { counted } from './architecture';
import { Sketch } from './sketch';
import type { Wire } from './sketch';

/** The original U-Net: unpadded convolutions, so each skip is cropped to what it meets. */
function unet(): JsonObject {
  const s = new Sketch('unet');
  const twice = (x: Wire, filters: number, name: string): Wire => [1, 2].reduce((at, number) => s.conv(at, filters, 3, { padding: 'valid', activation: 'relu' }, `${name}_conv${number}`), x);
  const skips: Wire[] = [];
  let x = s.input([572, 572, 1], 'image');
  [64, 128, 256, 512].forEach((filters, level) => {
    x = twice(x, filters, `down${level + 1}`);
    skips.push(x);
    x = s.pool('Max', x, 2, 2, 'valid', `down${level + 1}_pool`);
  });
  x = twice(x, 1024, 'bottom');
  for (const [filters, crop, level] of [[512, 4, 4], [256, 16, 3], [128, 40, 2], [64, 88, 1]] as const) {
    const up = s.layer('Conv2DTranspose', x, { filters, kernel_size: [2, 2], strides: [2, 2], padding: 'valid', activation: 'linear', use_bias: true }, `up${level}_transpose`);
    const skip = skips.pop();
    if (skip !== undefined) x = twice(s.layer('Concatenate', [s.layer('Cropping2D', skip, { cropping: [[crop, crop], [crop, crop]] }, `skip${level}_crop`), up], { axis: -1 }, `up${level}_concatenate`), filters, `up${level}`);
  }
  return s.finish(s.conv(x, 2, 1, { activation: 'softmax' }, 'segmentation'));
}

function recurrent(type: 'SimpleRNN' | 'LSTM' | 'GRU'): JsonObject {
  const s = new Sketch(type === 'SimpleRNN' ? 'rnn' : type.toLowerCase());
  const gates: JsonObject = type === 'SimpleRNN' ? {} : { recurrent_activation: 'sigmoid' };
  const own: JsonObject = type === 'GRU' ? { reset_after: true } : type === 'LSTM' ? { unit_forget_bias: true } : {};
  const x = s.layer(type, s.input([28, 28], 'rows'), { units: 64, activation: 'tanh', use_bias: true, return_sequences: false, ...gates, ...own });
  return s.finish(s.dense(x, 10, 'softmax', 'digit'));
}

/** One encoder layer of the base model: self-attention and feed-forward network, each with a skip and layer normalisation behind. */
function transformer(): JsonObject {
  const s = new Sketch('transformer_encoder');
  const x = s.input([64, 512], 'tokens');
  const attention = s.layer('MultiHeadAttention', [x, x], { num_heads: 8, key_dim: 64, value_dim: 64, dropout: 0, use_bias: true, output_shape: null, attention_axes: [1] }, 'attention');
  const norm = (from: Wire, name: string): Wire => s.layer('LayerNormalization', from, { axis: -1, epsilon: 1e-6, center: true, scale: true }, name);
  const one = norm(s.layer('Add', [x, { ...attention, channels: 512 }]), 'norm_1');
  const inner = s.dense(s.dense(one, 2048, 'relu', 'feed_forward_1'), 512, 'linear', 'feed_forward_2');
  return s.finish(norm(s.layer('Add', [one, inner]), 'norm_2'));
}

export const others: Architectures = {
  unet: { title: 'U-Net', source: 'O. Ronneberger, P. Fischer, T. Brox, U-Net: convolutional networks for biomedical image segmentation, 2015', parameters: 31030658, parametersFrom: counted, accuracy: null, draw: unet },
  rnn: { title: 'RNN on 28 rows', source: 'J. Elman, Finding structure in time, 1990', parameters: 6602, parametersFrom: counted, accuracy: null, draw: () => recurrent('SimpleRNN') },
  lstm: { title: 'LSTM on 28 rows', source: 'S. Hochreiter, J. Schmidhuber, Long short-term memory, 1997; forget gate by F. Gers et al., 2000', parameters: 24458, parametersFrom: counted, accuracy: null, draw: () => recurrent('LSTM') },
  gru: { title: 'GRU on 28 rows', source: 'K. Cho et al., Learning phrase representations using RNN encoder-decoder, 2014', parameters: 18698, parametersFrom: counted, accuracy: null, draw: () => recurrent('GRU') },
  transformer: { title: 'Transformer encoder layer', source: 'A. Vaswani et al., Attention is all you need, 2017 (base model: d = 512, 8 heads, 2048 inside)', parameters: 3152384, parametersFrom: counted, accuracy: null, draw: transformer },
};
