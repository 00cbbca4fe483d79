/** What the panel looks up in a trace again and again, made once a trace; statistics of a tensor are taken when first shown. */
import type { LayerTensors, Trace, TraceTensor, WeightTensors } from '../../engine/trace';
import { activationKernels } from '../../listing/names';
import { statisticsOf } from '../../tensor/statistics';
import type { TensorStatistics } from '../../tensor/statistics';

export interface WeightPlace { readonly weights: WeightTensors; readonly moment: 'before' | 'after' | 'gradient'; }
export interface SlotPlace { readonly weights: WeightTensors; readonly slot: string; readonly moment: 'before' | 'after' }

export class TraceIndex {
  readonly layers = new Map<string, LayerTensors>();
  /** Tensors that are a weight (before, after) or the whole gradient of one. */
  readonly weights = new Map<number, WeightPlace>();
  readonly slots = new Map<number, SlotPlace>();
  /** Pre-activations: what a layer's last activation reads. */
  readonly preActivations = new Map<number, LayerTensors>();
  readonly calls = new Map<string, number>();
  /** Kernels of the backward ops that differentiate a forward op, by its index. */
  readonly backwardKernels = new Map<number, Set<string>>();
  /** Layers that turn their input to channels last and their output back; channels then come first outside of them. */
  private readonly turning = new Set<string>();
  private readonly turned = new Set<number>();
  /** Tensors that layers take and give. */
  private readonly outside = new Set<number>();
  private readonly known = new Map<number, TensorStatistics>();

  /** @param names of the tensors in the listing */
  constructor(readonly trace: Trace, readonly names: ReadonlyMap<number, string>) {
    for (const layer of trace.layers) {
      this.layers.set(`${layer.layer}#${layer.call}`, layer);
      this.calls.set(layer.layer, Math.max(layer.call + 1, this.calls.get(layer.layer) ?? 0));
      for (const output of layer.outputs) this.notePreActivation(layer, output);
    }
    for (const { layer, phase, kernel, attributes, inputs } of trace.ops) {
      if (phase !== 'forward' || layer === null || kernel !== 'Transpose' || !isTurn(attributes.perm)) continue;
      this.turning.add(layer);
      this.turned.add(inputs.x ?? -1);
    }
    if (this.turning.size > 0) for (const { inputs, outputs } of trace.layers) for (const id of [...inputs, ...outputs]) this.outside.add(id);
    for (const { kernel, forwardOp } of trace.ops) {
      if (forwardOp === null) continue;
      const kernels = this.backwardKernels.get(forwardOp);
      if (kernels === undefined) this.backwardKernels.set(forwardOp, new Set([kernel]));
      else kernels.add(kernel);
    }
    for (const weights of trace.weights) {
      if (weights.after !== weights.before) this.weights.set(weights.after, { weights, moment: 'after' });
      this.weights.set(weights.before, { weights, moment: 'before' });
      if (weights.gradient !== null) this.weights.set(weights.gradient, { weights, moment: 'gradient' });
      for (const [slot, { before, after }] of Object.entries(weights.slots)) {
        this.slots.set(after, { weights, slot, moment: 'after' });
        this.slots.set(before, { weights, slot, moment: 'before' });
      }
    }
  }

  layerCall(layer: string | null, call: number): LayerTensors | undefined {
    return layer === null ? undefined : this.layers.get(`${layer}#${call}`);
  }

  tensor(id: number | null | undefined): TraceTensor | undefined {
    return id === null || id === undefined ? undefined : this.trace.tensors.get(id);
  }

  shape(id: number | null | undefined): readonly number[] {
    return this.tensor(id)?.shape ?? [];
  }

  statistics(id: number): TensorStatistics {
    let found = this.known.get(id);
    if (found === undefined) {
      const tensor = this.trace.tensors.get(id);
      found = statisticsOf(tensor === undefined ? new Float32Array() : tensor.read().data);
      this.known.set(id, found);
    }
    return found;
  }

  /** Whether an activation is `[batch, channels, …]`, or a weight `[out, in, …]`. */
  channelsFirst(id: number): boolean {
    if (this.turning.size === 0) return false;
    const weights = this.weights.get(id)?.weights ?? this.slots.get(id)?.weights;
    if (weights !== undefined) return this.turned.has(weights.before);
    const tensor = this.tensor(id);
    const of = tensor?.gradientOf?.tensor ?? id;
    if (this.outside.has(of)) return true;
    const writer = this.trace.ops[this.tensor(of)?.writer ?? -1];
    return writer?.layer === null || writer?.layer === undefined || !this.turning.has(writer.layer);
  }

  private notePreActivation(layer: LayerTensors, output: number): void {
    const op = this.trace.ops[this.trace.tensors.get(output)?.writer ?? -1];
    if (op === undefined || !activationKernels.has(op.kernel) || op.layer !== layer.layer || op.call !== layer.call) return;
    const z = Object.values(op.inputs)[0];
    if (z !== undefined && !layer.inputs.includes(z)) this.preActivations.set(z, layer);
  }
}

/** Axes turned from channels first to last, also those of a kernel: `[0, 2, 3, 1]`, `[2, 3, 1, 0]`. */
function isTurn(perm: unknown): boolean {
  if (!Array.isArray(perm) || perm.length < 4) return false;
  const written = perm.join();
  const space = Array.from({ length: perm.length - 2 }, (_, axis) => axis + 2).join();
  return [`0,${space},1`, `${space},1,0`, `${space},0,1`].includes(written);
}

const indices = new WeakMap<Trace, TraceIndex>();

/** The index of a trace; `names` are those of its listing. */
export function indexOf(trace: Trace, names: ReadonlyMap<number, string>): TraceIndex {
  let index = indices.get(trace);
  if (index === undefined) indices.set(trace, index = new TraceIndex(trace, names));
  return index;
}
