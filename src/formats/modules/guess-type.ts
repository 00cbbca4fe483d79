/** The class of a module as far as its weights and its name give it away; `Module` where they do not. */
import type { Weight } from '../../network/network';

const rnns: Readonly<Record<number, string>> = { 1: 'RNN', 3: 'GRU', 4: 'LSTM' };

/** What is known of a module: its own name, its weights, and the names of the modules inside. */
export interface Sight { readonly name: string; readonly weights: readonly Weight[]; readonly modules: ReadonlySet<string> }
/** A class, and a few words on the shapes: `768→3072`, `64→128, 3×3`. */
export interface Guess { readonly type: string; readonly detail: string }

type Shapes = ReadonlyMap<string, readonly number[]>;
const first = (shapes: Shapes, ...names: readonly string[]): readonly number[] | undefined => names.map((name) => shapes.get(name)).find((shape) => shape !== undefined);
const all = (shapes: Shapes, ...names: readonly string[]): boolean => names.every((name) => shapes.has(name));
const through = (weight: readonly number[] | undefined): string => (weight === undefined || weight.length < 2 ? '' : `${weight[1] ?? '?'}→${weight[0] ?? '?'}`);
const scalar = (shape: readonly number[] | undefined): number => (shape ?? []).reduce((product, extent) => product * extent, 1);

const embedding = /(^|_)(embed(s|der|ding|dings)?|emb|wte|wpe|shared|lookup)(_?\d+|_in|_tokens|_positions|_table)?$|^(tok|pos|word|token|position|type)_?emb|embed(ding|dings)?(_table)?$|relative_attention_bias$/i;
const transposed = /(^|_)(up|upsample|upconv|deconv|convtranspose|trans(posed)?_?conv|conv_?transpose)\d*(d)?$/i;
const groupNorm = /group_?norm|^gn\d*$/i;
const layerNorm = /layer_?norm|^ln(_\w+)?$|_ln$/i;
const rmsNorm = /rms_?norm|(input|post_attention|pre_feedforward|post_feedforward)_layernorm|^[qk]_norm$/i;
const batchNorm = /batch_?norm|^bn\d*$/i;

/** PyTorch's name of the class: LSTM and GRU by their number of gates, BatchNorm by its statistics, Conv by the rank of its kernel, Linear and Embedding by rank and name. */
export function guessType({ name, weights, modules }: Sight): Guess {
  const shapes: Shapes = new Map(weights.map(({ name: weight, shape }) => [weight, shape]));
  const recurrent = first(shapes, 'weight_hh_l0', 'weight_hh');
  if (recurrent !== undefined) return { type: recurrentType(shapes, recurrent), detail: `${first(shapes, 'weight_ih_l0', 'weight_ih')?.[1] ?? '?'}→${recurrent[1] ?? '?'}` };
  if (shapes.has('in_proj_weight') || all(shapes, 'q_proj_weight', 'k_proj_weight', 'v_proj_weight')) return { type: 'MultiheadAttention', detail: first(shapes, 'in_proj_weight', 'q_proj_weight')?.[1]?.toString() ?? '' };
  const packed = quantised(shapes, weights);
  if (packed !== null) return packed;
  if (all(shapes, 'running_mean', 'running_var')) return { type: shapes.has('weight') || !/inst/i.test(name) ? 'BatchNorm' : 'InstanceNorm', detail: String(scalar(shapes.get('running_mean'))) };
  if (modules.size > 0) return { type: ['lora_A', 'lora_down', 'lora_embedding_A'].some((part) => modules.has(part)) ? 'LoRA' : 'Module', detail: '' };
  if (shapes.has('lora_embedding_A')) return { type: 'LoRA', detail: '' };
  const weight = first(shapes, 'weight', 'weight_v', 'weight_orig', 'original1');
  const rank = weight?.length;
  if (weight !== undefined && rank !== undefined && rank >= 3 && rank <= 5) {
    // A transposed kernel is [in, out, …]; its bias counts the outputs.
    const bias = shapes.get('bias');
    const turned = bias === undefined ? transposed.test(name) : bias[0] !== weight[0] && bias[0] === weight[1];
    const [from, to] = turned ? [weight[0], weight[1]] : [weight[1], weight[0]];
    if (bias !== undefined && !turned && bias.length === 1 && bias[0] !== weight[0]) return { type: 'Module', detail: '' };
    if (rank === 3 && bias !== undefined && weight[0] === bias[0] && /bilinear/i.test(name)) return { type: 'Bilinear', detail: '' };
    return { type: `Conv${turned ? 'Transpose' : ''}${rank - 2}d`, detail: `${from ?? '?'}→${to ?? '?'}, ${weight.slice(2).join('×')}` };
  }
  if (weight !== undefined && rank === 2) {
    const bias = shapes.get('bias');
    if (bias?.length === 2) return { type: 'LayerNorm', detail: weight.join('×') };
    // Embeddings have no bias; GPT-2's Conv1D is [in, out].
    if (bias === undefined && embedding.test(name)) return { type: 'Embedding', detail: `${weight[0] ?? '?'}×${weight[1] ?? '?'}` };
    if (bias !== undefined && bias[0] !== weight[0] && bias[0] === weight[1]) return { type: 'Conv1D', detail: `${weight[0] ?? '?'}→${weight[1] ?? '?'}` };
    return { type: 'Linear', detail: through(weight) };
  }
  if (rank === 1) return normType(name, shapes, weight?.[0] ?? 0);
  if (all(shapes, 'gamma', 'beta')) return { type: 'LayerNorm', detail: String(scalar(shapes.get('gamma'))) };
  return { type: 'Module', detail: '' };
}

function recurrentType(shapes: Shapes, [rows = 0, columns = 1]: readonly number[]): string {
  // With a projection the hidden state is smaller than the cell: the bias still counts the gates of the cell.
  const hidden = first(shapes, 'weight_hr_l0')?.[1] ?? columns;
  const type = rnns[rows / hidden] ?? 'RNN';
  return shapes.has('weight_hh') ? `${type}Cell` : type;
}

function normType(name: string, shapes: Shapes, features: number): Guess {
  const detail = String(features);
  if (features === 1 && !shapes.has('bias')) return { type: 'PReLU', detail: '' };
  if (groupNorm.test(name)) return { type: 'GroupNorm', detail };
  if (batchNorm.test(name)) return { type: 'BatchNorm', detail };
  if (rmsNorm.test(name) && !shapes.has('bias')) return { type: 'RMSNorm', detail };
  return { type: layerNorm.test(name) ? 'LayerNorm' : 'Norm', detail };
}

/** Layers whose weights are packed: GPTQ and AWQ (`qweight`, eight 4-bit numbers in an integer), bitsandbytes (`weight.absmax`), scaled 8-bit ones. */
function quantised(shapes: Shapes, weights: readonly Weight[]): Guess | null {
  const packed = shapes.get('qweight');
  if (packed !== undefined && (shapes.has('qzeros') || shapes.has('scales'))) {
    const [rows = 0, columns = 0] = packed;
    const scales = shapes.get('scales');
    const outputs = scales?.[scales.length - 1] ?? columns;
    // AWQ packs along the outputs, GPTQ along the inputs, of which g_idx has one entry each.
    const awq = outputs !== columns;
    const inputs = awq ? rows : shapes.get('g_idx')?.[0] ?? rows * 8;
    const bits = awq ? (32 * columns) / outputs : (32 * rows) / inputs;
    return { type: 'Linear', detail: `${inputs}→${outputs}, ${bits} bit (${awq ? 'AWQ' : 'GPTQ'})` };
  }
  if (shapes.has('weight.absmax')) return { type: 'Linear', detail: `4 bit (bitsandbytes)` };
  if (shapes.has('weight') && shapes.has('SCB')) return { type: 'Linear', detail: `${through(shapes.get('weight'))}, 8 bit (bitsandbytes)` };
  if (shapes.get('weight')?.length === 2 && (shapes.has('weight_scale_inv') || shapes.has('weight_scale'))) {
    return { type: 'Linear', detail: `${through(shapes.get('weight'))}, scaled ${weights.find(({ name }) => name === 'weight')?.dtype.startsWith('float') === true ? '8-bit floats' : 'integers'}` };
  }
  const weight = shapes.get('weight');
  if (weight !== undefined && shapes.has('zero_point') && shapes.has('scale')) return { type: weight.length === 2 ? 'Linear' : `Conv${weight.length - 2}d`, detail: `${through(weight)}, quantised` };
  return null;
}
