/** The layer graph as the webview draws it. All text is plain text, never HTML. */

export interface GraphView {
  readonly title: string;
  /** `Keras 3 archive`, `TensorFlow.js layers model`, … */
  readonly format: string;
  readonly nodes: readonly NodeView[];
  readonly edges: readonly EdgeView[];
  readonly totals: { readonly layers: number; readonly parameters: number; readonly trainable: number; readonly macs: number | null };
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
  readonly activation: string | null;
  readonly parameters: number;
  readonly trainable: number;
  readonly macs: number | null;
  /** Group (nested model or name scope) that contains the node, or null. */
  readonly parent: string | null;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly weights: readonly WeightView[];
  readonly problem: string | null;
}

export interface EdgeView { readonly source: string; readonly target: string; readonly shape: string }
export interface WeightView { readonly name: string; readonly shape: readonly number[]; readonly dtype: string; readonly trainable: boolean }
