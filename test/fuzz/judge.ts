/** Opens one file as Backstep does, looks at what a person would see, and says what is wrong with that, if anything. */
import path from 'node:path';
import { readArray } from '../../src/formats/data/arrays';
import { labelColumn, numericColumns, readCsv } from '../../src/formats/data/csv';
import { readIdx } from '../../src/formats/data/idx';
import { openNetwork } from '../../src/formats/registry';
import { graphView } from '../../src/network/graph-view';
import { flattenWeights } from '../../src/network/layer-path';
import { Failure } from '../../src/tensor/failure';
import { sizeOf } from '../../src/tensor/value';

/** `opened` and `refused` are what may happen; a fault is a finding. `trace` says where it was thrown. */
export type Verdict =
  | { readonly kind: 'opened' | 'refused'; readonly message: string }
  | { readonly kind: 'fault'; readonly fault: string; readonly message: string; readonly trace: string };

/** Reads a few weights only, as somebody who clicks on layers does. */
const mostWeights = 6;
/** Words of V8, libraries and careless templates that no person should read. */
const raw = /\bundefined\b|\[object |\bNaN\b|TypeError|RangeError|Cannot (read|set|convert|mix|destructure)|is not (a function|iterable|defined|an object|a constructor)|Invalid (array|typed array|string|array buffer|count|date|time)|Maximum call stack|out of (bounds|memory)|Offset is outside|Array buffer allocation|must be (of type|a safe|greater|non-negative)|ERR_[A-Z]|Reduce of empty|Unexpected token|\n\s+at /i;
/** A file beside the model. */
const companion = /[\w.-]+\.(bin|index|data(-\d+-of-\d+)?)\b/;
const control = /\p{Cc}/u;

class Fault extends Error {
  constructor(readonly fault: string, message: string, readonly from: unknown) { super(message); }
}

/** A sentence for a person: one line, no words of the machine, not endless, with its full stop. Null when all is well. */
export function faultOfSentence(message: string): string | null {
  if (message.trim() === '') return 'an empty message';
  // What stands in quotes is the file's own.
  const words = raw.exec(message.replace(/"[^"]*"/g, '""'));
  if (words !== null) return `raw words: ${words[0].trim()}`;
  if (control.test(message)) return 'control characters in a message';
  if (message.length > 900) return 'a message of more than 900 characters';
  return /[.?!]\)?$/.test(message) ? null : 'no sentence';
}

/** What was thrown must be a Failure whose sentence names the file, and no error of the machine in disguise. */
function checkError(error: unknown, file: string, what: string): Failure {
  if (!(error instanceof Failure)) throw new Fault(`${what}: an error that is no Failure`, String(error), error);
  const fault = faultOfSentence(error.message);
  if (fault !== null) throw new Fault(`${what}: ${fault}`, error.message, error);
  const names = [path.basename(file), path.basename(path.dirname(file))];
  if (!names.some((name) => error.message.includes(name)) && !companion.test(error.message)) throw new Fault(`${what}: the file is not named`, error.message, error);
  if (error.code === 'format.damaged' && !(error.cause instanceof Failure)) throw new Fault(`${what}: an error that the reader did not expect`, error.message, error);
  return error;
}

const inspectors: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  csv: async (file) => {
    const table = await readCsv(file);
    const errors = table.columns.slice(0, 20).flatMap((name) => [() => labelColumn(table, name), () => numericColumns(table, [name])]).flatMap((read) => {
      try { read(); return []; } catch (error) { return [error]; }
    });
    for (const error of errors) checkError(error, file, 'column');
  },
  idx: readIdx,
  npy: readArray,
};

async function lookAtModel(file: string): Promise<void> {
  const { network, weights } = await openNetwork(file);
  try {
    const view = graphView(network);
    const problems = [...view.problems, ...view.nodes.flatMap(({ problem }) => problem ?? [])];
    for (const problem of problems) {
      const fault = faultOfSentence(problem);
      if (fault !== null) throw new Fault(`problem of the network: ${fault}`, problem, null);
    }
    if (JSON.stringify(view).includes('[object Object]')) throw new Fault('graph: [object Object]', 'the graph shows [object Object]', null);
    const known = [...flattenWeights(network)].filter(({ weight }) => weight.key !== null);
    const step = Math.max(1, Math.floor(known.length / mostWeights));
    for (const { weight } of known.filter((_, index) => index % step === 0).slice(0, mostWeights)) {
      const value = await weights.read(weight.key ?? '').catch((error: unknown) => { checkError(error, file, 'weight'); return null; });
      if (value !== null && value.data.length !== sizeOf(value.shape)) throw new Fault('weight: elements do not fit the shape', `shape [${value.shape.join(', ')}], ${value.data.length} elements`, null);
    }
  } finally {
    await weights.close();
  }
}

/** The first frames in Backstep's own files, or in whatever threw. */
function traceOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (!(inner instanceof Error)) return '';
  const frames = (inner.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).map((line) => line.trim().replace(/\(?file:\/\//, '('));
  const own = frames.filter((line) => line.includes('/src/')).map((line) => line.replace(/\(?[^ (]*\/src\//, '(src/'));
  return [`${inner.name}: ${inner.message}`, ...(own.length > 0 ? own.slice(0, 6) : frames.slice(0, 4))].join('\n');
}

/** Never throws. `reader` is that of the corpus. */
export async function judge(reader: string, file: string): Promise<Verdict> {
  try {
    await (inspectors[reader] ?? lookAtModel)(file);
    return { kind: 'opened', message: '' };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', fault: error.fault, message: error.message, trace: traceOf(error.from) };
    try {
      return { kind: 'refused', message: checkError(error, file, 'file').message };
    } catch (fault) {
      return fault instanceof Fault ? { kind: 'fault', fault: fault.fault, message: fault.message, trace: traceOf(fault.from) } : { kind: 'fault', fault: 'judge', message: String(fault), trace: '' };
    }
  }
}
