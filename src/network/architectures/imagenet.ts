/** Networks for ImageNet: AlexNet, VGG, ResNet, Inception, MobileNet. */
import type { JsonObject } from '../network';
import type { Architecture, Architectures } from './architecture';
import { torchvision } from './architecture';
import { Sketch, pair } from './sketch';
import type { Wire } from './sketch';

/** One-tower AlexNet as torchvision has it. */
function alexnet(): JsonObject {
  const s = new Sketch('alexnet');
  const valid = { padding: 'valid', activation: 'relu' };
  const padded = (x: Wire, by: number): Wire => s.layer('ZeroPadding2D', x, { padding: [pair(by), pair(by)] });
  let x = s.conv(padded(s.input([224, 224, 3], 'image'), 2), 64, 11, { ...valid, strides: [4, 4] });
  x = s.conv(s.pool('Max', x, 3, 2), 192, 5, { activation: 'relu' });
  x = s.conv(s.pool('Max', x, 3, 2), 384, 3, { activation: 'relu' });
  x = s.conv(s.conv(x, 256, 3, { activation: 'relu' }), 256, 3, { activation: 'relu' });
  x = s.layer('Dropout', s.layer('Flatten', s.pool('Max', x, 3, 2)), { rate: 0.5 });
  x = s.layer('Dropout', s.dense(x, 4096, 'relu'), { rate: 0.5 });
  return s.finish(s.dense(s.dense(x, 4096, 'relu'), 1000, 'softmax'));
}

function vgg(depth: number, blocks: readonly number[]): JsonObject {
  const s = new Sketch(`vgg${depth}`);
  let x = s.input([224, 224, 3], 'image');
  blocks.forEach((convs, i) => {
    const filters = [64, 128, 256, 512, 512][i] ?? 512;
    for (let j = 0; j < convs; j += 1) x = s.conv(x, filters, 3, { activation: 'relu' }, `block${i + 1}_conv${j + 1}`);
    x = s.pool('Max', x, 2, 2, 'valid', `block${i + 1}_pool`);
  });
  x = s.layer('Flatten', x, {}, 'flatten');
  return s.finish(s.dense(s.dense(s.dense(x, 4096, 'relu', 'fc1'), 4096, 'relu', 'fc2'), 1000, 'softmax', 'predictions'));
}

function resnet(depth: number, blocks: readonly number[], bottleneck: boolean): JsonObject {
  const s = new Sketch(`resnet${depth}`);
  // Layers are called as in keras.applications: conv2_block1_1_conv, …
  let x = s.convNorm(s.input([224, 224, 3], 'image'), 64, 7, 'conv1', { strides: [2, 2] });
  x = s.pool('Max', x, 3, 2, 'same', 'pool1');
  blocks.forEach((count, stage) => {
    const filters = 64 * 2 ** stage;
    for (let i = 0; i < count; i += 1) {
      const name = `conv${stage + 2}_block${i + 1}`;
      const strides = pair(stage > 0 && i === 0 ? 2 : 1);
      const wide = bottleneck ? 4 * filters : filters;
      const straight = bottleneck
        ? s.convNorm(s.convNorm(s.convNorm(x, filters, 1, `${name}_1`), filters, 3, `${name}_2`, { strides }), wide, 1, `${name}_3`, {}, null)
        : s.convNorm(s.convNorm(x, filters, 3, `${name}_1`, { strides }), wide, 3, `${name}_2`, {}, null);
      const short = x.channels === wide && (stage === 0 || i > 0) ? x : s.convNorm(x, wide, 1, `${name}_0`, { strides }, null);
      x = s.layer('Activation', s.layer('Add', [short, straight], {}, `${name}_add`), { activation: 'relu' }, `${name}_out`);
    }
  });
  return s.finish(s.dense(s.layer('GlobalAveragePooling2D', x, {}, 'avg_pool'), 1000, 'softmax', 'predictions'));
}

/** Pre-activation bottleneck ResNet for CIFAR: 9 n + 2 layers, three stages of n blocks. */
function resnetCifar(depth: number): JsonObject {
  const s = new Sketch(`resnet${depth}`);
  const active = (x: Wire, name: string): Wire => s.layer('Activation', s.norm(x, `${name}_bn`), { activation: 'relu' }, `${name}_relu`);
  const plain = { use_bias: false };
  let x = s.conv(s.input([32, 32, 3], 'image'), 16, 3, plain, 'conv1');
  for (let stage = 0; stage < 3; stage += 1) {
    const filters = 16 * 2 ** stage;
    for (let i = 0; i < (depth - 2) / 9; i += 1) {
      const name = `conv${stage + 2}_block${i + 1}`;
      const strides = pair(stage > 0 && i === 0 ? 2 : 1);
      const before = active(x, `${name}_1`);
      const reduced = active(s.conv(before, filters, 1, { ...plain, strides }, `${name}_1_conv`), `${name}_2`);
      const straight = s.conv(active(s.conv(reduced, filters, 3, plain, `${name}_2_conv`), `${name}_3`), 4 * filters, 1, plain, `${name}_3_conv`);
      const short = i === 0 ? s.conv(before, 4 * filters, 1, { ...plain, strides }, `${name}_0_conv`) : x;
      x = s.layer('Add', [short, straight], {}, `${name}_add`);
    }
  }
  return s.finish(s.dense(s.layer('GlobalAveragePooling2D', active(x, 'post'), {}, 'avg_pool'), 10, 'softmax', 'predictions'));
}

/** Inception (3a) of GoogLeNet: four branches side by side. */
function inception(): JsonObject {
  const s = new Sketch('inception_3a');
  const x = s.input([28, 28, 192], 'features');
  const relu = { activation: 'relu' };
  const branches = [
    s.conv(x, 64, 1, relu, 'one'),
    s.conv(s.conv(x, 96, 1, relu, 'three_reduce'), 128, 3, relu, 'three'),
    s.conv(s.conv(x, 16, 1, relu, 'five_reduce'), 32, 5, relu, 'five'),
    s.conv(s.pool('Max', x, 3, 1, 'same', 'pool'), 32, 1, relu, 'pool_projection'),
  ];
  return s.finish(s.layer('Concatenate', branches, { axis: -1 }, 'output'));
}

function mobilenet(): JsonObject {
  const s = new Sketch('mobilenet');
  const relu6 = (x: Wire, name: string): Wire => s.layer('ReLU', s.norm(x, `${name}_bn`), { max_value: 6 }, `${name}_relu`);
  let x = relu6(s.conv(s.input([224, 224, 3], 'image'), 32, 3, { use_bias: false, strides: [2, 2] }, 'conv1'), 'conv1');
  ([[64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2], [512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1]] as const).forEach(([filters, stride], index) => {
    const [depthwise, pointwise] = [`conv_dw_${index + 1}`, `conv_pw_${index + 1}`];
    x = relu6(s.layer('DepthwiseConv2D', x, { kernel_size: [3, 3], strides: pair(stride), padding: 'same', depth_multiplier: 1, use_bias: false, activation: 'linear' }, depthwise), depthwise);
    x = relu6(s.conv(x, filters, 1, { use_bias: false }, pointwise), pointwise);
  });
  return s.finish(s.dense(s.layer('GlobalAveragePooling2D', x, {}, 'avg_pool'), 1000, 'softmax', 'predictions'));
}

const simonyan = 'K. Simonyan, A. Zisserman, Very deep convolutional networks for large-scale image recognition, 2014';
const he = 'K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, 2015';
const vggOf = (depth: number, blocks: readonly number[], parameters: number, top1: number): Architecture =>
  ({ title: `VGG-${depth}`, source: simonyan, parameters, parametersFrom: torchvision, accuracy: { top1, source: torchvision }, draw: () => vgg(depth, blocks) });
const resnetOf = (depth: number, blocks: readonly number[], bottleneck: boolean, parameters: number, top1: number): Architecture =>
  ({ title: `ResNet-${depth}`, source: he, parameters, parametersFrom: torchvision, accuracy: { top1, source: torchvision }, draw: () => resnet(depth, blocks, bottleneck) });

export const imagenet: Architectures = {
  alexnet: { title: 'AlexNet', source: 'A. Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014', parameters: 61100840, parametersFrom: torchvision, accuracy: { top1: 56.522, source: torchvision }, draw: alexnet },
  vgg11: vggOf(11, [1, 1, 2, 2, 2], 132863336, 69.02),
  vgg13: vggOf(13, [2, 2, 2, 2, 2], 133047848, 69.928),
  vgg16: vggOf(16, [2, 2, 3, 3, 3], 138357544, 71.592),
  vgg19: vggOf(19, [2, 2, 4, 4, 4], 143667240, 72.376),
  resnet18: resnetOf(18, [2, 2, 2, 2], false, 11689512, 69.758),
  resnet34: resnetOf(34, [3, 4, 6, 3], false, 21797672, 73.314),
  resnet50: resnetOf(50, [3, 4, 6, 3], true, 25557032, 76.13),
  resnet101: resnetOf(101, [3, 4, 23, 3], true, 44549160, 77.374),
  resnet152: resnetOf(152, [3, 8, 36, 3], true, 60192808, 78.312),
  resnet1001: {
    title: 'ResNet-1001 for CIFAR', source: 'K. He, X. Zhang, S. Ren, J. Sun, Identity mappings in deep residual networks, 2016', parameters: 10327706, parametersFrom: 'O. Sémery, imgclsmob, PreResNet-1001; the paper rounds to 10.2 M', accuracy: null,
    draw: () => resnetCifar(1001),
  },
  inception: { title: 'Inception block (3a)', source: 'C. Szegedy et al., Going deeper with convolutions, 2014', parameters: 163696, parametersFrom: 'counted by hand from table 1 there, biases included', accuracy: null, draw: inception },
  mobilenet: { title: 'MobileNet', source: 'A. Howard et al., MobileNets, 2017', parameters: 4231976, parametersFrom: 'keras.applications.MobileNet, trainable', accuracy: { top1: 70.4, source: 'keras.applications' }, draw: mobilenet },
};
