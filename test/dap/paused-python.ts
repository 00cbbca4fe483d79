/** A Python program that the real debugpy has paused, looked at as the panel "Tensor" does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { configGraph } from '../../src/debug/inspect/config-graph';
import { Looks } from '../../src/debug/inspect/looks';
import type { LookKind, LookView } from '../../src/protocol/inspect';
import { checkout, pythonWith } from '../pythons';
import { AdapterClient } from './debugpy-client';

export class PausedPython {
  readonly looks = new Looks(() => ({ debuggerType: 'debugpy', evaluate: (expression) => this.evaluate(expression) }), configGraph, () => undefined);
  private client: AdapterClient | null = null;
  private frameId = 0;

  constructor(private readonly python: string) {}

  /** Runs a program of test/fixtures/programs to its first line that ends with `# stop`. */
  async start(name: string): Promise<void> {
    const { python } = this;
    const program = path.join(checkout, 'test/fixtures/programs', name);
    const stops = readFileSync(program, 'utf8').split('\n').flatMap((line, index) => (line.endsWith('# stop') ? [index + 1] : []));
    const client = this.client = new AdapterClient(python, ['-m', 'debugpy.adapter']);
    await client.request('initialize', { adapterID: 'debugpy', clientID: 'test', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path' });
    const launched = client.request('launch', { program, console: 'internalConsole', justMyCode: true, python: [python] });
    await client.event('initialized');
    await client.request('setBreakpoints', { source: { path: program }, breakpoints: stops.map((line) => ({ line })) });
    await client.request('configurationDone');
    await launched;
    await this.stopped();
  }

  async next(): Promise<void> {
    await this.client?.request('continue', { threadId: 1 });
    await this.stopped();
  }

  async end(): Promise<void> {
    await this.client?.request('disconnect', { terminateDebuggee: true }).catch(() => undefined);
    await this.client?.end();
  }

  /** The debugger's answer, or its error as text. */
  async evaluate(expression: string): Promise<string> {
    try {
      return (await this.client?.request('evaluate', { expression, frameId: this.frameId, context: 'clipboard' }) as { result: string }).result;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async look(expression: string, as: LookKind = 'tensor'): Promise<LookView> {
    await this.looks.look(expression, as);
    return this.looks.view.looks[0] ?? assert.fail();
  }

  valuesOf({ id }: LookView): number[] { return [...new Float32Array(this.looks.picture(id).values)]; }

  async values(expression: string): Promise<number[]> { return this.valuesOf(await this.look(expression)); }

  /** The sentence that is shown in place of a tensor. */
  async sentence(expression: string): Promise<string> {
    const { result } = await this.look(expression);
    return result.kind === 'problem' ? result.message : assert.fail(`${expression} was shown`);
  }

  private async stopped(): Promise<void> {
    const { threadId } = await this.client?.event('stopped') as { threadId: number };
    const { stackFrames } = await this.client?.request('stackTrace', { threadId }) as { stackFrames: { id: number }[] };
    this.frameId = stackFrames[0]?.id ?? assert.fail();
  }
}

export const tensor = ({ result }: LookView) => (result.kind === 'tensor' ? result : assert.fail(JSON.stringify(result)));

/** Tests of a program, skipped with the reason where Python or a module is missing. */
export function describePaused(title: string, name: string, modules: readonly string[], tests: (program: PausedPython) => void): void {
  const found = pythonWith(modules);
  if ('missing' in found) { it(`${title} (skipped: ${found.missing})`); return; }
  describe(title, () => {
    const program = new PausedPython(found.python);
    before(async function () { this.timeout(120_000); await program.start(name); });
    after(() => program.end());
    tests(program);
  });
}
