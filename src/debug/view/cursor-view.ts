/** What the panel shows at a cursor: where the run is, what the step did, and the tensors that it touched. */
import type { CursorView, RunStatus, RunView } from '../../protocol/run';
import type { GraphView } from '../../protocol/graph';
import type { TensorChange } from '../../engine/changes';
import type { RunInfo } from '../../engine/run';
import type { Trace } from '../../engine/trace';
import type { View } from '../place';
import { cellView } from './cell';
import { makeCards } from './cards';
import { describeStep } from './steps';
import { indexOf } from './trace-index';

/** The view at a stop. Reads the tensors shown once for their statistics; they are kept with the trace. @param changes what was set by hand, by iteration */
export function cursorView(view: View, changes: ReadonlyMap<number, readonly TensorChange[]> = new Map()): CursorView {
  const { trace, cursor, last, listing } = view;
  const index = indexOf(trace, listing.names);
  const op = trace.ops[cursor.op];
  const phase = op?.phase ?? 'forward';
  const range = phaseRange(trace, phase);
  const step = describeStep(view, index);
  const layer = cursor.depth === 'iteration' || cursor.depth === 'phase' ? null : op?.layer ?? null;
  const from = { layer, call: op?.call ?? 0 };
  return {
    iteration: trace.iteration, phase, depth: cursor.depth, op: cursor.op, ops: trace.ops.length,
    phaseProgress: (Math.min(last, range.last) - range.first + 1) / (range.last - range.first + 1),
    layer,
    ...progressOf(trace, last),
    title: step.title, formula: step.formula, explanation: step.explanation,
    cards: makeCards(index, from, step.cards),
    loss: trace.loss, changed: changedNames(view, changes), line: view.line, cell: cellView(view),
  };
}

/** Tensors set up to this iteration. An earlier iteration's tensors have the names that this one's have under the same numbers. */
function changedNames({ trace, listing }: View, changes: ReadonlyMap<number, readonly TensorChange[]>): string[] {
  const nameOf = (tensor: number): string => {
    const weight = trace.weights.find(({ before, after }) => before === tensor || after === tensor), role = trace.tensors.get(tensor)?.role;
    return weight === undefined ? listing.names.get(tensor) ?? (role?.kind === 'input' || role?.kind === 'label' ? role.name : `tensor ${tensor}`) : [...weight.layer.split('/'), ...weight.weight.split('/')].join('.');
  };
  return [...changes].filter(([iteration]) => iteration <= trace.iteration)
    .flatMap(([iteration, list]) => [...new Set(list.map(({ tensor }) => tensor))].map((tensor) => `${nameOf(tensor)} in iteration ${iteration + 1}`));
}

export interface RunViewParts {
  readonly graph: GraphView;
  readonly losses: readonly number[];
  readonly breakpoints: readonly string[];
  readonly cursor: CursorView | null;
  readonly status: RunStatus;
}

export function runView(info: RunInfo, parts: RunViewParts): RunView {
  return {
    title: info.network.name, ...parts, losses: [...parts.losses], backend: info.backend.name, convention: info.convention,
    seed: info.config.seed ?? 0, examples: info.examples, batchSize: info.batchSize,
  };
}

function phaseRange(trace: Trace, phase: string): { first: number; last: number } {
  const groups = trace.groups.filter((group) => group.phase === phase);
  return { first: groups[0]?.first ?? 0, last: groups.at(-1)?.last ?? 0 };
}

/** Layers whose forward and backward steps lie wholly at or before op `last`. Layers without ops are done with what they pass on. */
function progressOf(trace: Trace, last: number): { forwardDone: string[]; backwardDone: string[] } {
  const end = { forward: new Map<string, number>(), backward: new Map<string, number>() };
  const note = (phase: 'forward' | 'backward', layer: string, op: number): void => {
    end[phase].set(layer, Math.max(op, end[phase].get(layer) ?? -1));
  };
  const writer = (tensor: number): number => trace.tensors.get(tensor)?.writer ?? -1;
  for (const { layer, outputs, outputGradients } of trace.layers) {
    for (const output of outputs) note('forward', layer, writer(output));
    for (const gradient of outputGradients) if (gradient !== null) note('backward', layer, writer(gradient));
  }
  for (const { phase, layer, last: op } of trace.groups) {
    if (layer !== null && (phase === 'forward' || phase === 'backward')) note(phase, layer, op);
  }
  const done = (phase: 'forward' | 'backward'): string[] => [...end[phase]].filter(([, op]) => op <= last).map(([layer]) => layer);
  return { forwardDone: done('forward'), backwardDone: done('backward') };
}
