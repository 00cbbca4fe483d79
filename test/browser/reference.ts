// The engine's own numbers, computed here in plain Node, to compare with what stands on the screen.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { validateRunConfig } from '../../src/engine/config-validation';
import { createRun } from '../../src/engine/create-run';
import type { Run } from '../../src/engine/run';
import type { Trace, TraceTensor } from '../../src/engine/trace';
import { statisticsOf } from '../../src/tensor/statistics';
import type { TensorStatistics } from '../../src/tensor/statistics';

/** The run that a launch configuration of the workspace describes, on the backend that the packaged extension has. */
export function openRun(workspace: string, name: string): Promise<Run> {
  const text = readFileSync(path.join(workspace, '.vscode/launch.json'), 'utf8').replaceAll('${workspaceFolder}', workspace.split(path.sep).join('/'));
  const { configurations } = JSON.parse(text) as { configurations: { name: string }[] };
  const found = configurations.find((configuration) => configuration.name === name);
  return createRun({ ...validateRunConfig(found), backend: 'wasm' }, { baseFolder: workspace });
}

export function outputOf(trace: Trace, layer: string): TraceTensor {
  const id = trace.layers.find((candidate) => candidate.layer === layer)?.outputs[0];
  const tensor = trace.tensors.get(id ?? -1);
  if (tensor === undefined) throw new Error(`The trace has no output of ${layer}.`);
  return tensor;
}

export function gradientOf(trace: Trace, layer: string, weight: string): TraceTensor {
  const id = trace.weights.find((candidate) => candidate.layer === layer && candidate.weight === weight)?.gradient;
  const tensor = trace.tensors.get(id ?? -1);
  if (tensor === undefined) throw new Error(`The trace has no gradient of ${layer}/${weight}.`);
  return tensor;
}

export const statistics = (tensor: TraceTensor): TensorStatistics => statisticsOf(tensor.read().data);

/** Numbers in a text, minus signs of typography included. */
export const numbersIn = (text: string): number[] => (text.replaceAll('−', '-').match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi) ?? []).map(Number);

/** Whether two numbers agree to so many digits. */
export const agree = (shown: number, wanted: number, digits = 3): boolean => Math.abs(shown - wanted) <= 0.6 * 10 ** (1 - digits) * Math.abs(wanted) + 1e-12;
