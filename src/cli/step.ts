/** `backstep step RUN.json`: runs iterations of a run file, and writes what happened as arrays, as a listing, or as a summary. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { BackendName, RunConfig } from '../engine/config';
import { validateRunConfig } from '../engine/config-validation';
import { createRun } from '../engine/create-run';
import type { Run } from '../engine/run';
import { parseJson } from '../formats/containers/json';
import { readWhole } from '../formats/data/whole-file';
import { makeListing } from '../listing/listing';
import { Failure, sentenceOf } from '../tensor/failure';
import { dumpTrace } from './dump';
import { fillWhole, writeWhole, writing } from './whole-files';

/** Bytes of a run file. */
export const maximalRunFile = 2 ** 20;

export const stepUsage = 'backstep step RUN.json [--iterations N] [--dump DIR] [--listing FILE] [--backend tensorflow|wasm|cpu|auto] [--json]';

interface StepOptions {
  readonly runFile: string;
  readonly iterations: number | null;
  readonly dump: string | null;
  readonly listing: string | null;
  readonly backend: BackendName | 'auto' | null;
  readonly json: boolean;
}

/** What `summary.json` holds, and `--json` prints. */
export interface StepSummary { readonly backend: BackendName; readonly iterations: readonly { readonly loss: number; readonly ops: number }[] }

export interface Streams { readonly out: (text: string) => void; readonly error: (text: string) => void }

const backends = ['tensorflow', 'wasm', 'cpu', 'auto'] as const;

/** Runs the command. Errors are one sentence on `error`. @returns the exit status */
export async function step(args: readonly string[], streams: Streams, signal?: AbortSignal): Promise<number> {
  try {
    const options = optionsOf(args);
    const { config, folder } = await readRunFile(options);
    const run = await createRun(config, { baseFolder: folder });
    try {
      await runIterations(run, options, config.iterations ?? 1, streams, signal);
    } finally {
      run.dispose();
    }
    return 0;
  } catch (error) {
    streams.error(`${sentenceOf(error)}\n`);
    return 1;
  }
}

function optionsOf(args: readonly string[]): StepOptions {
  const parsed = (() => {
    try {
      return parseArgs({
        args: [...args], allowPositionals: true,
        options: { iterations: { type: 'string' }, dump: { type: 'string' }, listing: { type: 'string' }, backend: { type: 'string' }, json: { type: 'boolean' } },
      });
    } catch (error) {
      throw new Failure('step.usage', `${sentenceOf(error).split('\n')[0]?.replace(/\.?$/, '.')} Usage: ${stepUsage}`, { cause: error });
    }
  })();
  const { values: { iterations, dump, listing, backend, json }, positionals } = parsed;
  const [runFile] = positionals;
  if (runFile === undefined || positionals.length > 1) throw new Failure('step.usage', `Name one run file. Usage: ${stepUsage}`);
  if (iterations !== undefined && !/^[1-9]\d{0,8}$/.test(iterations)) throw new Failure('step.usage', `--iterations takes a whole number of at least 1, not "${iterations}".`);
  const known = backends.find((name) => name === backend);
  if (backend !== undefined && known === undefined) throw new Failure('step.usage', `--backend takes ${backends.join(', ')}, not "${backend}".`);
  return {
    runFile, iterations: iterations === undefined ? null : Number(iterations), dump: dump ?? null, listing: listing ?? null, backend: known ?? null, json: json === true,
  };
}

/** The run file's settings, with those of the command line in their place. Its paths are relative to it. */
async function readRunFile({ runFile, iterations, backend }: StepOptions): Promise<{ config: RunConfig; folder: string }> {
  const file = path.resolve(runFile);
  const text = await readWhole(file, maximalRunFile).then((bytes) => bytes.toString('utf8')).catch((error: unknown) => {
    if (error instanceof Failure) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Failure('step.file', missing ? `The run file ${runFile} does not exist.` : `The run file ${runFile} cannot be read: ${sentenceOf(error)}.`, { cause: error });
  });
  const value = parseJson(text.replace(/^\uFEFF/, ''), `The run file ${runFile}`);
  try {
    const config = validateRunConfig(value);
    return { config: { ...config, ...(iterations === null ? {} : { iterations }), ...(backend === null ? {} : { backend }) }, folder: path.dirname(file) };
  } catch (error) {
    throw new Failure('step.config', `${path.basename(runFile)}: ${sentenceOf(error)}`, { cause: error });
  }
}

async function runIterations(run: Run, options: StepOptions, count: number, { out }: Streams, signal: AbortSignal | undefined): Promise<void> {
  const { dump, listing, json } = options;
  const done: { loss: number; ops: number }[] = [];
  const summaryFile = dump === null ? null : path.join(dump, 'summary.json');
  if (summaryFile !== null) await writing(summaryFile, () => rm(summaryFile, { force: true }));
  if (!json) out(`${run.info.network.name}: ${run.info.examples} examples, batch size ${run.info.batchSize}, backend ${run.info.backend.name}${run.info.stepsBefore === undefined ? '' : `, after ${run.info.stepsBefore} steps in the file`}\n`);
  for (let i = 0; i < count; i += 1) {
    const trace = await run.iteration(i, signal === undefined ? {} : { signal });
    if (dump !== null) await fillWhole(path.join(dump, `iteration-${i + 1}`), (partial) => dumpTrace(trace, partial));
    if (listing !== null && i === 0) await writeWhole(path.resolve(listing), makeListing(trace, run.info.network).text);
    done.push({ loss: trace.loss, ops: trace.ops.length });
    if (!json) out(`iteration ${i + 1}: loss ${shown(trace.loss)}${Object.entries(trace.metrics).map(([name, value]) => `, ${name} ${shown(value)}`).join('')}, ${trace.ops.length} ops\n`);
  }
  const summary: StepSummary = { backend: run.info.backend.name, iterations: done };
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  if (summaryFile !== null) await writeWhole(summaryFile, text);
  if (json) out(text);
}

const shown = (value: number): string => (Number.isFinite(value) ? value.toPrecision(6) : String(value));
