/** Examples for a run: read or generated, checked and shaped for the inputs and outputs of a network. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { readArray } from '../../formats/data/arrays';
import { labelColumn, numericColumns, readCsv } from '../../formats/data/csv';
import { readIdx } from '../../formats/data/idx';
import type { Network } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { TensorValue } from '../../tensor/value';
import { hasClassesSecond, lossOf } from '../losses/losses';
import type { DataConfig, LossConfig, RunConfig } from '../config';
import { generateDigits } from './digits';
import { checkGenerated, fitInput, fitLabel, inputsOf, outputsOf } from './fit';
import type { Slot, Source } from './fit';
import type { Wanted } from './pattern-labels';
import { generatePatterns } from './patterns';
import { generatePoints } from './points';

/** All examples in memory; the first axis of every tensor is the example. Labels of class indices are `[examples]` int32. */
export interface Dataset {
  readonly examples: number;
  /** By input name of the network: float32 or int32 `[examples, …]`. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** By output name of the network. */
  readonly labels: Readonly<Record<string, TensorValue>>;
  /** Where an input or label came from, for messages: `students.csv (columns "lectures", "hours")`. */
  readonly sources: Readonly<Record<string, string>>;
}

interface Loaded { readonly x: Readonly<Record<string, Source>>; readonly y: Readonly<Record<string, Source>> }

/** How many examples a generator makes unless told. */
const usualExamples = { clusters: 200, circles: 200, xor: 200, spiral: 400, digits: 2000 } as const;

/**
 * Reads or generates the examples that `config` names and fits them to the network: adds or drops axes of extent 1, flattens
 * pictures for dense inputs, turns class indices into one-hot rows where the loss wants them.
 * @throws Failure naming file, column or array, and both shapes, for data that does not fit.
 */
export async function openDataset(config: DataConfig, network: Network, baseFolder: string, loss?: RunConfig['loss']): Promise<Dataset> {
  const inputs = inputsOf(network);
  const outputs = outputsOf(network);
  const loaded = await load(config, baseFolder, network, loss);
  const fitted = {
    inputs: Object.fromEntries(inputs.map((slot) => [slot.name, fitInput(slot, sourceFor(slot, loaded.x, 'input'))])),
    labels: Object.fromEntries(outputs.map((slot) => [slot.name, fitLabel(slot, sourceFor(slot, loaded.y, 'output'), lossType(loss, slot.name))])),
  };
  const sources = Object.fromEntries([...Object.entries(loaded.x), ...Object.entries(loaded.y)].map(([name, source]) => [name, source.what]));
  const counts = [...Object.values(loaded.x), ...Object.values(loaded.y)].map(({ value, what }) => ({ count: value.shape[0] ?? 0, what }));
  const first = counts[0];
  const other = counts.find(({ count }) => count !== first?.count);
  if (first !== undefined && other !== undefined) {
    throw new Failure('data.examples', `${first.what} has ${first.count} examples and ${other.what} has ${other.count}; every input and label needs the same number.`);
  }
  if (first === undefined || first.count === 0) throw new Failure('data.empty', `${first?.what ?? 'The data'} holds no examples.`);
  return { examples: first.count, ...fitted, sources };
}

function sourceFor(slot: Slot, sources: Readonly<Record<string, Source>>, kind: 'input' | 'output'): Source {
  const source = sources[slot.name];
  if (source !== undefined) return source;
  throw new Failure('data.name', `The network's ${kind} "${slot.name}" gets no data; the configuration names ${Object.keys(sources).map((name) => `"${name}"`).join(', ')}.`);
}

/** The labels that an output's loss takes. */
function wanted(slot: Slot, loss: string | LossConfig, network: Network): Wanted {
  const { name, labels } = lossOf(loss, network.convention);
  return { slot, labels, classesSecond: hasClassesSecond(name, network.convention) };
}

/** The loss of an output by the configuration; empty where it says none. */
function lossFor(loss: RunConfig['loss'], output: string): string | LossConfig {
  if (loss === undefined || typeof loss === 'string') return loss ?? '';
  if ('type' in loss && typeof loss.type === 'string') return loss as LossConfig;
  return (loss as Readonly<Record<string, string | LossConfig>>)[output] ?? '';
}

function lossType(loss: RunConfig['loss'], output: string): string {
  const own = lossFor(loss, output);
  return typeof own === 'string' ? own : own.type;
}

async function load(config: DataConfig, baseFolder: string, network: Network, loss: RunConfig['loss']): Promise<Loaded> {
  const inputs = inputsOf(network), outputs = outputsOf(network);
  const resolve = async (file: string): Promise<string> => {
    const full = path.resolve(baseFolder, file);
    const onDisk = full.replace(/(\.npz)#.*$/i, '$1');
    await access(onDisk).catch(() => { throw new Failure('data.missing', `The data file ${onDisk} does not exist or cannot be read.`); });
    return full;
  };
  if ('generator' in config) {
    const { generator, seed = 0, noise } = config;
    if (generator === 'patterns') return generatePatterns(network, inputs, outputs.map((slot) => wanted(slot, lossFor(loss, slot.name), network)), { ...config, seed });
    const { examples = usualExamples[generator] } = config;
    const what = `the generator "${generator}"`;
    checkGenerated(examples, generator === 'digits' ? 28 * 28 : 2, what);
    const { x, y } = generator === 'digits' ? generateDigits(examples, seed, noise) : generatePoints(generator, examples, seed, noise);
    return { x: one(inputs, { value: x, what, picture: generator === 'digits' }, 'input'), y: one(outputs, { value: y, what, classes: true, oneHot: config.oneHot === true ? (generator === 'digits' ? 10 : 2) : 0 }, 'output') };
  }
  if ('csv' in config) {
    const table = await readCsv(await resolve(config.csv));
    const name = path.basename(table.path);
    const quoted = (columns: readonly string[]): string => `${name} (column${columns.length > 1 ? 's' : ''} ${columns.map((column) => `"${column}"`).join(', ')})`;
    const labels: Source = typeof config.label === 'string'
      ? { value: labelColumn(table, config.label).values, what: quoted([config.label]), classes: true }
      : { value: numericColumns(table, config.label), what: quoted(config.label) };
    return { x: one(inputs, { value: numericColumns(table, config.features), what: quoted(config.features) }, 'input'), y: one(outputs, labels, 'output') };
  }
  if ('idx' in config) {
    const [images, labels] = await Promise.all([config.idx, config.labels].map(async (file) => readIdx(await resolve(file))));
    if (images === undefined || labels === undefined) throw new Failure('data.idx', 'IDX data needs images and labels.');
    return {
      x: one(inputs, { value: pixelsToUnit(images), what: path.basename(config.idx), picture: true }, 'input'),
      y: one(outputs, { value: labels, what: path.basename(config.labels), classes: true }, 'output'),
    };
  }
  const arrays = async (paths: string | Readonly<Record<string, string>>, slots: readonly Slot[], kind: 'input' | 'output'): Promise<Record<string, Source>> => {
    const read = async (file: string): Promise<Source> => ({ value: await readArray(await resolve(file)), what: path.basename(file) });
    if (typeof paths === 'string') return one(slots, await read(paths), kind);
    const unknown = Object.keys(paths).find((name) => !slots.some((slot) => slot.name === name));
    if (unknown !== undefined) throw new Failure('data.name', `The network has no ${kind} "${unknown}"; it has ${slots.map(({ name }) => `"${name}"`).join(', ')}.`);
    return Object.fromEntries(await Promise.all(Object.entries(paths).map(async ([name, file]) => [name, await read(file)] as const)));
  };
  return { x: await arrays(config.x, inputs, 'input'), y: await arrays(config.y, outputs, 'output') };
}

/** Data without names serves a network with one input (or output). */
function one(slots: readonly Slot[], source: Source, kind: 'input' | 'output'): Record<string, Source> {
  const [slot] = slots;
  if (slot === undefined || slots.length > 1) {
    throw new Failure('data.name', `The network has ${slots.length} ${kind}s (${slots.map(({ name }) => `"${name}"`).join(', ')}); give "x" and "y" as records from these names to files.`);
  }
  return { [slot.name]: source };
}

/** Bytes 0 … 255 become 0 … 1, as networks expect pictures; other element types stay as they are. */
function pixelsToUnit(images: TensorValue): TensorValue {
  if (images.dtype !== 'uint8') return images;
  return { dtype: 'float32', shape: images.shape, data: Float32Array.from(images.data as Uint8Array, (byte) => byte / 255) };
}
