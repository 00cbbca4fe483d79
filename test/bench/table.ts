/** The bench: each `*.bench.ts` gives rows, printed as one table. Compare by ratios taken in one run; absolute times depend on the machine. */

export interface BenchRow {
  readonly name: string;
  /** Median in milliseconds. */
  readonly ours: number;
  /** What it is compared with, measured in turn with ours; null when that is absent here. */
  readonly reference: { readonly name: string; readonly milliseconds: number } | null;
  /** The most that the ratio ours / reference, or ours in milliseconds, may be. */
  readonly goal: { readonly ratio?: number; readonly milliseconds?: number };
}

/** What a bench file exports. */
export interface Bench { readonly rows: () => Promise<readonly BenchRow[]> }

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

type Action = () => void | Promise<void>;

/** Median milliseconds of each action; they take turns, so that a slow moment of the machine meets all of them. */
export async function medians(actions: readonly Action[], { runs = 15, warmUp = 3 } = {}): Promise<number[]> {
  const times = actions.map((): number[] => []);
  for (let run = -warmUp; run < runs; run += 1) {
    for (const [index, action] of actions.entries()) {
      const start = performance.now();
      await action();
      if (run >= 0) times[index]!.push(performance.now() - start);
    }
  }
  return times.map(median);
}

const verdict = ({ ours, reference, goal }: BenchRow): string => {
  const results = [
    ...(goal.ratio !== undefined && reference !== null ? [ours / reference.milliseconds <= goal.ratio] : []),
    ...(goal.milliseconds !== undefined ? [ours <= goal.milliseconds] : []),
  ];
  if (results.length === 0) return '-';
  return results.every(Boolean) ? 'met' : 'MISSED';
};

/** Runs every bench file and prints the table. */
export async function run(benches: readonly Bench[]): Promise<void> {
  const rows: BenchRow[] = [];
  for (const bench of benches) rows.push(...await bench.rows());
  const cells = rows.map((row) => [
    row.name,
    row.ours.toFixed(2),
    row.reference === null ? 'absent' : `${row.reference.milliseconds.toFixed(2)} ${row.reference.name}`,
    row.reference === null ? '-' : (row.ours / row.reference.milliseconds).toFixed(2),
    [...(row.goal.ratio === undefined ? [] : [`<= ${row.goal.ratio}x`]), ...(row.goal.milliseconds === undefined ? [] : [`<= ${row.goal.milliseconds} ms`])].join(', ') || '-',
    verdict(row),
  ]);
  const table = [['what', 'ours, ms', 'reference, ms', 'ratio', 'goal', ''], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd());
}
