/** Layers of each built-in architecture, inputs, activations and reshaping included: counted from the descriptions, not from the program. */
const residual = (blocks: readonly number[], perBlock: number, projection: number, projections: number): number => 1 + 3 + 1 + blocks.reduce((sum, count) => sum + count * perBlock, 0) + projections * projection + 2;

const counts: Readonly<Record<string, number>> = {
  perceptron: 2, dense: 5, lenet5: 9, conv39: 6,
  // Input, five convolutions, the padding before the first, three pools, flatten, two dropouts, three dense layers.
  alexnet: 16,
  // Input, convolutions, five pools, flatten, three dense layers.
  vgg11: 1 + 8 + 5 + 4, vgg13: 1 + 10 + 5 + 4, vgg16: 1 + 13 + 5 + 4, vgg19: 1 + 16 + 5 + 4,
  // Basic block: 2 convolutions, 2 norms, activation, sum, activation; bottleneck: 3, 3, 2, sum, activation. Projection: convolution and norm.
  resnet18: residual([2, 2, 2, 2], 7, 2, 3), resnet34: residual([3, 4, 6, 3], 7, 2, 3), resnet50: residual([3, 4, 6, 3], 10, 2, 4), resnet101: residual([3, 4, 23, 3], 10, 2, 4), resnet152: residual([3, 8, 36, 3], 10, 2, 4),
  // 333 blocks of 3 convolutions, each behind norm and activation, and a sum; a projection a stage; input, first convolution, last norm and activation, pool, dense.
  resnet1001: 333 * 10 + 3 + 6,
  inception: 9, mobilenet: 1 + 3 + 13 * 6 + 2,
  // Input, 18 convolutions of 3×3, 4 pools, 4 × (up, crop, concatenate), one convolution of 1×1.
  unet: 1 + 18 + 4 + 12 + 1,
  rnn: 3, lstm: 3, gru: 3, transformer: 8,
};

export function layerCount(name: string): number {
  const count = counts[name];
  if (count === undefined) throw new Error(`The layers of ${name} have not been counted.`);
  return count;
}
