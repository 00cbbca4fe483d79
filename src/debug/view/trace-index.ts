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
  private readonly known = new Map<number, TensorStatistics>();

  /** @param names of the tensors in the listing */
  constructor(readonly trace: Trace, readonly names: ReadonlyMap<number, string>) {
    for (const layer of trace.layers) {
      this.layers.set(`${layer.layer}#${layer.call}`, layer);
      this.calls.set(layer.layer, Math.max(layer.call + 1, this.calls.get(layer.layer) ?? 0));
      for (const output of layer.outputs) this.notePreActivation(layer, output);
    }
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

  private notePreActivation(layer: LayerTensors, output: number): void {
    const op = this.trace.ops[this.trace.tensors.get(output)?.writer ?? -1];
    if (op === undefined || !activationKernels.has(op.kernel) || op.layer !== layer.layer || op.call !== layer.call) return;
    const z = Object.values(op.inputs)[0];
    if (z !== undefined && !layer.inputs.includes(z)) this.preActivations.set(z, layer);
  }
}

const indices = new WeakMap<Trace, TraceIndex>();

/** The index of a trace; `names` are those of its listing. */
export function indexOf(trace: Trace, names: ReadonlyMap<number, string>): TraceIndex {
  let index = indices.get(trace);
  if (index === undefined) indices.set(trace, index = new TraceIndex(trace, names));
  return index;
}
