/** Gradients of ops by finite differences, where no framework's numbers are at hand. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { forward } from '../../../src/engine/forward/forward';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { tensorOf } from '../layers/passes';
import { gradients, taped } from '../layers/tape';
import type { Case } from './cases';
import { openCase } from './cases';

/** Cases whose inputs keep away from kinks, by family. */
const families: Readonly<Record<string, readonly string[]>> = {
  'activations': ['celu', 'elu', 'gelu_default_1', 'gelu_tanh_1', 'hardswish', 'selu', 'softsign', 'swish', 'softmax_axis_0', 'logsoftmax_axis_0'],
  'products and sums': ['einsum_batch_diagonal', 'einsum_batch_matmul', 'einsum_inner_prod', 'gemm_all_attributes', 'matmul_4d', 'matmul_1d_3d', 'sum_example', 'mean_example'],
  'convolutions': ['conv_with_strides_and_asymmetric_padding', 'conv_with_autopad_same', 'convtranspose_1d', 'convtranspose_3d', 'convtranspose_dilations', 'convtranspose_group_2', 'convtranspose_pads', 'convtranspose_output_shape'],
  'pooling': ['averagepool_2d_ceil', 'averagepool_2d_dilations', 'averagepool_2d_precomputed_pads', 'averagepool_2d_precomputed_pads_count_include_pad', 'averagepool_3d_dilations_small', 'lppool_1d_default', 'maxpool_2d_ceil', 'maxpool_2d_dilations'],
  'normalization': ['group_normalization_example', 'instancenorm_example', 'layer_normalization_2d_axis0', 'lrn', 'lrn_default', 'l2normalization_axis_1', 'mvn', 'rms_normalization_2d_axis0'],
  'reductions': ['cumsum_1d_exclusive', 'cumsum_1d_reverse', 'reduce_l2_do_not_keepdims_random', 'reduce_log_sum_exp_do_not_keepdims_random', 'reduce_sum_square_do_not_keepdims_random', 'top_k'],
  'moving elements': ['center_crop_pad_crop', 'depthtospace_example', 'depthtospace_crd_mode_example', 'expand_dim_changed', 'reflect_pad', 'edge_pad', 'reversesequence_batch', 'slice_neg_steps', 'slice_start_out_of_bounds', 'split_variable_parts_1d_opset13', 'tile_precomputed', 'tril_neg'],
  'picking elements': ['gather_elements_1', 'gather_negative_indices', 'gathernd_example_float32', 'scatter_elements_with_axis', 'scatternd_add', 'where_example'],
  'resizing': ['resize_upsample_scales_cubic', 'resize_upsample_scales_linear_align_corners', 'resize_downsample_scales_linear_antialias', 'resize_upsample_scales_nearest'],
  'recurrent layers': ['gru_defaults', 'gru_with_initial_bias', 'lstm_with_peepholes', 'lstm_batchwise', 'rnn_seq_length', 'simple_rnn_batchwise'],
  'sampling': ['gridsample_bilinear_align_corners_0_additional_1', 'gridsample_bicubic_align_corners_0_additional_1', 'gridsample_border_padding', 'gridsample_reflection_padding', 'affine_grid_2d', 'roialign_aligned_true', 'roialign_mode_max', 'col2im_pads', 'maxunpool_export_without_output_shape'],
  'signals': ['cumprod_1d_exclusive', 'cumprod_1d_reverse', 'dft_inverse', 'dft_irfft', 'causal_conv_with_state_basic', 'swiglu', 'tensorscatter', 'scatter_elements_with_reduction_mul', 'scatter_elements_with_reduction_max'],
  'onnxruntime\'s ops': ['runtime_fused_matmul', 'runtime_fused_conv_sum', 'runtime_fused_gemm', 'runtime_bias_gelu', 'runtime_fast_gelu', 'runtime_skip_layer_norm', 'runtime_skip_simplified', 'runtime_attention_past', 'runtime_multi_head', 'runtime_rotary_interleaved', 'runtime_grouped_query', 'runtime_matmul_4_bits'],
  'linear attention': ['linear_attention_gated_delta_gqa', 'linear_attention_delta'],
  'attention': ['attention_4d_causal', 'attention_3d_gqa', 'rotary_embedding', 'rotary_embedding_interleaved'],
};

/** Σ weights · output over the first output, as a scalar tensor. */
function objective({ network, weights }: Case, inputs: readonly tf.Tensor[]): tf.Tensor {
  const held = new Map([...weights].map(([name, value]) => [name, tensorOf(value)]));
  const pass = forward(network, {
    convention: 'pytorch', training: false, dropout: false, inputs, weight: (layer, name) => held.get(`${layer}/${name}`)!, assign: () => undefined, seed: () => 1,
  });
  let step = pass.next();
  while (!step.done) step = pass.next();
  const [output] = step.value.outputs;
  assert.ok(output);
  const factors = Float32Array.from({ length: output.size }, (_, index) => Math.sin(1.7 * index + 0.4) + 0.3);
  return tf.sum(tf.mul(output, tf.reshape(tf.tensor1d(factors), output.shape)));
}

/** Differences between the gradients of the float inputs and central differences, in units of what is allowed. */
function compare(opened: Case): string[] {
  const values = opened.inputs.slice(0, opened.network.inputs.length);
  const tensors = values.map(tensorOf);
  const sources = tensors.filter(({ dtype }) => dtype === 'float32');
  const { result: y, nodes } = taped(() => objective(opened, tensors));
  const found = gradients(nodes, y, sources);
  return values.flatMap((value: TensorValue, place): string[] => {
    // Settings (scales, axes) are read, not computed with.
    const input = opened.network.inputs[place]?.layer;
    const used = opened.network.layers.some(({ calls }) => calls[0]?.args.some((argument) => argument.kind === 'tensor' && argument.ref.layer === input) === true);
    // Regions are read as numbers, as in PyTorch.
    if (!value.dtype.startsWith('float') || !used || (place > 0 && opened.name.startsWith('roialign'))) return [];
    const analytic = found.get(tensors[place]!.id)?.dataSync() ?? new Float32Array(value.data.length);
    const stride = Math.max(1, Math.floor(value.data.length / 7));
    const wrong: string[] = [];
    for (let element = 0; element < value.data.length; element += stride) {
      const at = (change: number): number => {
        const data = Float32Array.from(value.data as Float32Array);
        data[element] = (data[element] ?? 0) + change;
        return objective(opened, tensors.map((tensor, index) => (index === place ? tf.tensor(data, tensor.shape) : tensor))).dataSync()[0] ?? NaN;
      };
      const h = 4e-3;
      const numeric = (at(h) - at(-h)) / (2 * h);
      const exact = analytic[element] ?? NaN;
      // Rounding errors of float32 grow with the value of the objective.
      const allowed = 4e-3 + 2e-2 * Math.abs(numeric) + Math.abs(at(0)) * 1e-4;
      if (!(Math.abs(numeric - exact) <= allowed)) wrong.push(`${opened.name}: input ${place}, element ${element}: gradient ${exact}, difference ${numeric}`);
    }
    return wrong;
  });
}

describe('gradients of ONNX ops', () => {
  for (const [family, names] of Object.entries(families)) {
    itOnEachBackend(`of ${family} agree with finite differences`, async () => {
      const wrong: string[] = [];
      for (const name of names) {
        const opened = await openCase(name);
        tf.engine().startScope();
        try {
          wrong.push(...compare(opened));
        } catch (error) {
          wrong.push(`${name}: ${(error as Error).message}`);
        } finally {
          tf.engine().endScope();
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});
