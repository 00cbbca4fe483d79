/** `backstep check RUN.json`: every weight's gradient against finite differences. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkGradient } from '../engine/check/gradient-check';
import type { GradientCheck } from '../engine/check/gradient-check';
import { validateRunConfig } from '../engine/config-validation';
import { createRun } from '../engine/create-run';
import { parseJson } from '../formats/containers/json';
import { readWhole } from '../formats/data/whole-file';
import { Failure, sentenceOf } from '../tensor/failure';
import type { Streams } from './inspect';
import { maximalRunFile } from './step';

export const checkUsage = 'backstep check RUN.json [--iteration N] [--sample N] [--json]';

/** Runs the command. @returns 0 when no gradient differs, 1 when one does, 2 for an error */
export async function check(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const { values, positionals: [file, ...rest] } = parseArgs({ args: [...args], allowPositionals: true, options: { iteration: { type: 'string' }, sample: { type: 'string' }, json: { type: 'boolean' } } });
    if (file === undefined || rest.length > 0) throw new Failure('check.usage', `One run file is needed. Usage: ${checkUsage}`);
    const [iteration, sample] = [whole('--iteration', values.iteration ?? '1'), whole('--sample', values.sample ?? '24')];
    const run = await createRun(validateRunConfig(parseJson(await read(file), `The run file ${file}`)), { baseFolder: path.dirname(path.resolve(file)) });
    try {
      const trace = await run.iteration(iteration - 1);
      const checked: { layer: string; weight: string; check: GradientCheck }[] = [];
      for (const { layer, weight, before, gradient } of trace.weights) {
        if (gradient !== null) checked.push({ layer, weight, check: await checkGradient(run, trace, before, { sample }) });
      }
      if (values.json === true) streams.out(`${JSON.stringify(checked.map(({ layer, weight, check: { verdict, worst, elements } }) => ({ layer, weight, verdict, elements: elements.length, worst })), null, 1)}\n`);
      else for (const { layer, weight, check: result } of checked) streams.out(`${line(`${layer}/${weight}`, result)}\n`);
      return checked.some(({ check: { verdict } }) => verdict === 'differs') ? 1 : 0;
    } finally {
      run.dispose();
    }
  } catch (error) {
    streams.error(`${sentenceOf(error)}\n`);
    return 2;
  }
}

function line(name: string, { verdict, worst, elements }: GradientCheck): string {
  const worstOf = worst === null ? '' : `; at worst ${worst.recorded.toPrecision(4)} recorded, ${worst.numeric.toPrecision(4)} by differences (element ${worst.element})`;
  return `${name}: ${verdict} in ${elements.length} elements${worstOf}`;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Failure('check.usage', `${name} takes a whole number of at least 1, not "${text}". Usage: ${checkUsage}`);
  return value;
}

async function read(file: string): Promise<string> {
  return readWhole(file, maximalRunFile).then((bytes) => bytes.toString('utf8')).catch((cause: unknown) => { if (cause instanceof Failure) throw cause; throw new Failure('check.file', `The run file ${file} cannot be read: ${sentenceOf(cause)}.`, { cause }); });
}
