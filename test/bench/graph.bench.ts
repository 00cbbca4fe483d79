/** Rows: the layout of generated graphs of each family, all boxes expanded; processor time, which a busy machine disturbs less. */
import { layoutNetwork } from '../../webview/render/layout/columns';
import type { LayoutEdge, LayoutInput } from '../../webview/render/layout/graph';
import { median } from './table';
import type { BenchRow } from './table';

const path = (names: readonly string[]): LayoutEdge[] => names.slice(1).map((target, index) => ({ source: names[index] ?? '', target }));
const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

/** Edges of a network of about `count` layers. */
const families: Readonly<Record<string, (count: number) => LayoutEdge[]>> = {
  chain: (count) => path(numbers(count)),
  residual: (count) => [...path(numbers(count)), ...numbers(count).filter((_, index) => index % 4 === 0 && index + 4 < count).map((source, block) => ({ source, target: `n${block * 4 + 4}` }))],
  'U-Net': (count) => [...path(numbers(count)), ...Array.from({ length: Math.floor(count / 40) }, (_, index) => ({ source: `n${index * 20}`, target: `n${count - 1 - index * 20}` }))],
  inception: (count) => Array.from({ length: Math.floor(count / 9) }, (_, block) => [0, 1, 2, 3].flatMap((branch) => path([`j${block}`, `a${block}.${branch}`, `b${block}.${branch}`, `j${block + 1}`]))).flat(),
  transformer: (count) => Array.from({ length: Math.floor(count / 10) }, (_, block) => {
    const [from, to, at] = [`x${block}`, `x${block + 1}`, (name: string): string => `${name}${block}`];
    return [
      ...['q', 'k', 'v'].flatMap((name) => path([from, at(name), at('attention')])), { source: 'mask', target: at('attention') }, ...path([at('attention'), at('project'), at('add')]), { source: from, target: at('add') },
      ...path([at('add'), at('norm'), at('up'), at('down'), to]), { source: at('norm'), target: to },
    ];
  }).flat(),
};

function inputOf(edges: readonly LayoutEdge[]): LayoutInput {
  const ids = [...new Set(edges.flatMap(({ source, target }) => [source, target]))];
  return { nodes: ids.map((id) => ({ id, width: 170, height: 42, parent: null })), groups: [], edges };
}

/** Milliseconds of processor time. */
function processorTime(action: () => void): number {
  const start = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const goals: Readonly<Record<number, number | undefined>> = { 3000: 300, 10_000: 1500, 50_000: undefined };

export function rows(): Promise<readonly BenchRow[]> {
  const result: BenchRow[] = [];
  for (const [family, edgesOf] of Object.entries(families)) {
    for (const [count, goal] of Object.entries(goals)) {
      const input = inputOf(edgesOf(Number(count)));
      const runs = Number(count) > 10_000 ? 1 : 5;
      const ours = median(Array.from({ length: runs }, () => processorTime(() => { layoutNetwork(input); })));
      result.push({ name: `layout of ${Number(count).toLocaleString('en-US')} layers, ${family} (processor time)`, ours, reference: null, goal: goal === undefined ? {} : { milliseconds: goal } });
    }
  }
  return Promise.resolve(result);
}
