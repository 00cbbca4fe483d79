/** The layer graph as the webview draws it. All text is plain text, never HTML. */
import type { TensorUse } from '../tensor/slice';

export interface GraphView {
  readonly title: string;
  /** `Keras 3 archive`, `TensorFlow.js layers model`, … */
  readonly format: string;
  readonly nodes: readonly NodeView[];
  readonly edges: readonly EdgeView[];
  readonly totals: { readonly layers: number; readonly parameters: number; readonly trainable: number; readonly macs: number | null; readonly weightBytes?: number; readonly activationBytes?: number | null };
  /** Sentences to show above the graph: unknown layers, weights that do not fit. */
  readonly problems: readonly string[];
}

export interface NodeView {
  /** Path of the layer, `outer/inner`; stable, used in every message. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** One short line: `6@5×5 same tanh`. */
  readonly detail: string;
  /** `28×28×6`, without the batch; several outputs are separated by `, `. */
  readonly outputShape: string;
  /** The same with its batch, as Keras's summary writes it: `(None, 28, 28, 6)`. */
  readonly batchShape?: string;
  readonly activation: string | null;
  readonly parameters: number;
  readonly trainable: number;
  readonly macs: number | null;
  readonly weightBytes?: number;
  /** Bytes of all outputs for one example; null when an extent is unknown. */
  readonly activationBytes?: number | null;
  /** What one element of the output sees of an input of the network; null when no image or sequence leads here. */
  readonly receptiveField?: FieldView | null;
  /** Group (nested model or name scope) that contains the node, or null. */
  readonly parent: string | null;
  /** Path of the module that an op was written for, `layer1.0.conv1`, where the file says it apart from names. */
  readonly scope?: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly weights: readonly WeightView[];
  readonly problem: string | null;
}

export interface EdgeView { readonly source: string; readonly target: string; readonly shape: string }
/** `layout` is there where the weight is not `[…, in, out]`. */
export interface WeightView { readonly name: string; readonly shape: readonly number[]; readonly dtype: string; readonly trainable: boolean; readonly layout?: TensorUse }

/**
 * Spatial axes in order; null where every position is seen. `size` positions from `start` on (which is negative where padding is seen) for the
 * first element, `jump` further for each next one. `open`: all positions up to `start` (of a causal layer), or all from there on; `size` is then null.
 * `scattered`: of a row that several axes were joined to, where each element sees `size` positions somewhere; `jump` and `start` are then 0.
 */
export interface FieldAxisView { readonly size: number | null; readonly jump: number; readonly start: number; readonly open?: 'before' | 'behind'; readonly scattered?: true }
export interface FieldView { readonly input: string; readonly axes: readonly (FieldAxisView | null)[] }
