/** Questions about the iteration under the cursor that take the engine some time: is a gradient right, where does a value come from, what does the network look at. */
import type { CellWindow } from './cell';
import type { TensorPicture } from './tensor';

/** A question has a name of the asker's choice: progress comes under it, and it can be withdrawn by it. */
export interface Asked { readonly question: string; readonly iteration: number }

export interface CheckRequest extends Asked {
  /** The gradient's tensor in the trace. */
  readonly gradient: number;
  /** How many elements, drawn at random with the seed; null for all. */
  readonly sample: number | null;
  readonly seed: number;
}

export interface CheckedView {
  readonly index: readonly number[];
  readonly recorded: number;
  readonly numeric: number;
  /** |g − n| / max(|g|, |n|). */
  readonly relativeError: number;
  /** How far the numeric value may be off: float32's rounding of the loss, and its bend. */
  readonly noise: number;
  /** Whether the difference is no larger than that. */
  readonly withinNoise: boolean;
}

export interface CheckView {
  readonly gradient: number;
  /** What the gradient is by, as the listing calls it. */
  readonly by: string;
  readonly checked: number;
  readonly elements: number;
  readonly verdict: 'agrees' | 'differs' | 'too small to tell' | 'not a number';
  /** Largest relative error of the elements whose gradient is more than noise; null when there are none. */
  readonly largestError: number | null;
  /** Worst first. */
  readonly worst: readonly CheckedView[];
  /** Sentences: how the numeric gradient is taken, and what counts as agreement on this backend. */
  readonly method: string;
  readonly tolerance: string;
}

/** Where the value of an element comes from, and where it goes. */
export interface OriginRequest extends Asked { readonly tensor: number; readonly index: readonly number[] }

/** What an element can see of one input of the network. */
export interface FieldPart {
  /** Name and tensor of the input. */
  readonly input: string;
  readonly tensor: number;
  readonly shape: readonly number[];
  /** The example of the batch that the element belongs to; null when it is made of all of them. */
  readonly example: number | null;
  /** The elements that it can see. */
  readonly window: CellWindow;
  /** `14 × 14 of 28 × 28: rows 3 to 16, columns 5 to 18`. */
  readonly words: string;
  /** The input of that example alone, `[1, …]`; of the first one where there are all. */
  readonly picture: TensorPicture;
  /** What the elements of a vector are called in the data; null where they have numbers only. */
  readonly names: readonly string[] | null;
}

/** One element of a tensor of the trace, under its name in the listing. */
export interface ElementView { readonly tensor: number; readonly index: readonly number[]; readonly name: string; readonly value: number }

/** A product (or other term) of the sum that made the value. */
export interface ContributionTerm { readonly input: ElementView | null; readonly weight: ElementView | null; readonly text: string | null; readonly value: number }

export interface ContributionsView {
  /** From the element back to the sum: activations, biases, copies. */
  readonly via: readonly { readonly element: ElementView; readonly text: string }[];
  /** The element that the terms make. */
  readonly of: ElementView;
  readonly kernel: string;
  readonly combine: 'sum' | 'product' | 'max' | 'min' | 'any' | 'all';
  readonly count: number;
  readonly total: number;
  /** What follows the terms: a division by their number, a bias, an activation. */
  readonly finish: readonly string[];
  /** Sums of the positive and of the negative terms. */
  readonly positive: number;
  readonly negative: number;
  /** Largest in absolute value first. */
  readonly top: readonly ContributionTerm[];
  /** Sums by channel of the input that the terms read, in order of the channels; null when it has none. */
  readonly channels: { readonly input: string; readonly sums: readonly { readonly channel: number; readonly value: number }[]; readonly all: number } | null;
  /** Where an attention weighs positions: what each adds to the sum, through its weight; null elsewhere. */
  readonly positions: { readonly weights: string; readonly sums: readonly { readonly position: number; readonly value: number }[]; readonly all: number } | null;
}

/** Elements of a later tensor that depend on the element: a box, and how many. */
export interface DownstreamView {
  readonly op: number;
  readonly tensor: number;
  readonly name: string;
  readonly kernel: string;
  readonly layer: string | null;
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly count: number;
  /** Whether the op itself reads the element. */
  readonly direct: boolean;
}

export interface OriginView {
  readonly element: ElementView;
  readonly layer: string | null;
  readonly fields: readonly FieldPart[];
  /** `size 14 × 14, jump 2 × 2, start −2, −2` of the layer; null when it sees everything. */
  readonly fieldWords: string | null;
  /** Sentences: why all of the input is seen, and what is left out. */
  readonly fieldNotes: readonly string[];
  /** Why there is no field, or no gradient by the input. */
  readonly fieldProblem: string | null;
  readonly gradientProblem: string | null;
  readonly contributions: ContributionsView | null;
  readonly contributionsProblem: string | null;
  readonly downstream: readonly DownstreamView[];
  /** How many later tensors there are beside those listed, and why there are none. */
  readonly moreDownstream: number;
  readonly downstreamProblem: string | null;
}

/** The gradient of one element by the network's inputs, in the pass as it was recorded. */
export interface InfluencePart {
  readonly input: string;
  readonly tensor: number;
  readonly example: number;
  /** `[1, …]`: of the example alone. */
  readonly picture: TensorPicture;
  /** Share of the squared gradient that lies in this example. */
  readonly share: number;
}
export interface InfluenceView { readonly parts: readonly InfluencePart[] }

/** What the network looks at: a map over one example of the input, the input that a unit likes best, or the examples that it answers to most. */
export type AttributionMethod = 'saliency' | 'gradientTimesInput' | 'integratedGradients' | 'gradCam' | 'occlusion' | 'maximisation' | 'examples';

/** A unit or channel: `index` counts from the last axis of the layer's output; without a layer the network's output before its softmax. */
export interface UnitView { readonly layer: string | null; readonly index: readonly number[]; /** The axis that a lone number counts along. */ readonly channelAxis: number }

export interface ChoicesRequest extends Asked { readonly example: number }

export interface ChoicesView {
  readonly methods: readonly { readonly name: AttributionMethod; readonly title: string; readonly statement: string; readonly source: string; /** Why it does not apply here. */ readonly problem: string | null }[];
  /** Layers whose units can be asked about; the first one, without a layer, is the output. */
  readonly layers: readonly { readonly layer: string | null; readonly title: string; /** With the batch. */ readonly shape: readonly number[]; readonly units: number; /** The axis that numbers the units. */ readonly channelAxis: number }[];
  /** Layers with feature maps, for Grad-CAM, and the usual choice: the last convolution. */
  readonly maps: readonly string[];
  readonly usualMaps: string | null;
  /** The largest output for this example, and its label where that is a class. */
  readonly predicted: number;
  readonly label: number | null;
  readonly examples: number;
  readonly input: TensorPicture;
  /** What the elements of a vector are called in the data; null where they have numbers only. */
  readonly names: readonly string[] | null;
}

export interface AttributionRequest extends Asked {
  readonly method: AttributionMethod;
  /** Example of the batch. */
  readonly example: number;
  readonly unit: UnitView;
  /** Grad-CAM's layer; steps of integrated gradients or of the ascent; side of occlusion's patch; seed of the ascent. */
  readonly layer: string | null;
  readonly steps: number;
  readonly patch: number;
  readonly seed: number;
}

export interface TopExampleView { readonly example: number; readonly value: number; readonly picture: TensorPicture; /** What the unit saw where it answered most. */ readonly window: CellWindow | null }

export interface AttributionView {
  readonly method: AttributionMethod;
  /** The unit's value: for the example, or after the ascent; null for examples. */
  readonly score: number | null;
  readonly input: TensorPicture | null;
  readonly map: TensorPicture | null;
  readonly examples: readonly TopExampleView[];
  /** What the numbers say: what the map sums to, how the ascent went, how many examples were seen. */
  readonly note: string;
}
