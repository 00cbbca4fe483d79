/** The networks that benches train, as plain TensorFlow.js: weights and a loss. */
import * as tf from '@tensorflow/tfjs-core';
import { createRandom } from '../../src/engine/data/random';

export interface Training { readonly step: () => void; readonly dispose: () => void }

interface Network {
  readonly input: readonly number[];
  readonly weights: readonly (readonly number[])[];
  readonly logits: (x: tf.Tensor, weights: readonly tf.Tensor[]) => tf.Tensor;
}

const conv = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, pad: 'same' | 'valid'): tf.Tensor => tf.add(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, pad), bias);
const dense = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor): tf.Tensor => tf.add(tf.matMul(x, kernel), bias);
const flat = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [x.shape[0], -1]);

export const networks: Readonly<Record<'mlp' | 'lenet5' | 'conv3', Network>> = {
  /** 784-128-10. */
  mlp: { input: [784], weights: [[784, 128], [128], [128, 10], [10]], logits: (x, [k1, b1, k2, b2]) => dense(tf.relu(dense(x, k1!, b1!)), k2!, b2!) },
  /** LeCun et al. 1998, with tanh and average pooling. */
  lenet5: {
    input: [28, 28, 1], weights: [[5, 5, 1, 6], [6], [5, 5, 6, 16], [16], [400, 120], [120], [120, 84], [84], [84, 10], [10]],
    logits: (x, [k1, b1, k2, b2, k3, b3, k4, b4, k5, b5]) => {
      const first = tf.avgPool(tf.tanh(conv(x, k1!, b1!, 'same')) as tf.Tensor4D, 2, 2, 'valid');
      const second = tf.avgPool(tf.tanh(conv(first, k2!, b2!, 'valid')) as tf.Tensor4D, 2, 2, 'valid');
      return dense(tf.tanh(dense(tf.tanh(dense(flat(second), k3!, b3!)), k4!, b4!)), k5!, b5!);
    },
  },
  /** Three 3x3 convolutions (16, 32, 64 filters) with ReLU and max pooling on 32x32x3. */
  conv3: {
    input: [32, 32, 3], weights: [[3, 3, 3, 16], [16], [3, 3, 16, 32], [32], [3, 3, 32, 64], [64], [1024, 10], [10]],
    logits: (x, [k1, b1, k2, b2, k3, b3, k4, b4]) => {
      let y = x;
      for (const [kernel, bias] of [[k1, b1], [k2, b2], [k3, b3]]) y = tf.maxPool(tf.relu(conv(y, kernel!, bias!, 'same')) as tf.Tensor4D, 2, 2, 'valid');
      return dense(flat(y), k4!, b4!);
    },
  },
};

/** A training step on the current backend, with variableGrads and plain SGD, reading the loss each time. */
export function training(name: keyof typeof networks, batch: number): Training {
  const { input, weights, logits } = networks[name];
  const random = createRandom('bench', name);
  const filled = (shape: readonly number[], scale: number): tf.Tensor => tf.tensor(Float32Array.from({ length: shape.reduce((p, e) => p * e, 1) }, () => random.normal() * scale), [...shape]);
  const variables = weights.map((shape) => tf.variable(filled(shape, shape.length === 1 ? 0 : Math.sqrt(1 / (shape.slice(0, -1).reduce((p, e) => p * e, 1))))));
  const x = filled([batch, ...input], 1);
  const y = tf.oneHot(tf.tensor1d(Array.from({ length: batch }, (_, index) => index % 10), 'int32'), 10);
  const rate = tf.scalar(0.01);
  return {
    step: () => {
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => tf.mean(tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(logits(x, variables))), -1))), variables);
        for (const variable of variables) variable.assign(tf.sub(variable, tf.mul(rate, grads[variable.name]!)));
        value.dataSync();
      });
    },
    dispose: () => { for (const tensor of [...variables, x, y, rate]) tensor.dispose(); },
  };
}
