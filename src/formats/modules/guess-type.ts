/** The class of a module as far as its weights give it away; `Module` where they do not. */
import type { Weight } from '../../network/network';

const rnns: Readonly<Record<number, string>> = { 1: 'RNN', 3: 'GRU', 4: 'LSTM' };

/** PyTorch's name of the class: LSTM and GRU by their number of gates, BatchNorm by its statistics, Conv by the rank of its kernel. */
export function guessType(weights: readonly Weight[], hasModules: boolean): string {
  const shapes = new Map(weights.map(({ name, shape }) => [name, shape]));
  const has = (...names: readonly string[]): boolean => names.every((name) => shapes.has(name));
  const recurrent = shapes.get('weight_hh_l0') ?? shapes.get('weight_hh');
  if (recurrent !== undefined) return rnns[(recurrent[0] ?? 0) / (recurrent[1] ?? 1)] ?? 'RNN';
  if (has('in_proj_weight')) return 'MultiheadAttention';
  if (has('running_mean', 'running_var')) return 'BatchNorm';
  if (hasModules) return 'Module';
  const rank = shapes.get('weight')?.length;
  if (rank !== undefined && rank >= 3 && rank <= 5) return `Conv${rank - 2}d`;
  if (rank === 2) return has('bias') ? 'Linear' : 'Matrix';
  if (rank === 1) return 'Norm';
  return 'Module';
}
