/** The table of model formats, and opening any of them: a format is one file and one row here. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure, sentenceOf } from '../tensor/failure';
import type { Network, OpenedNetwork } from '../network/network';
import { looksLikeHuggingFace, openHuggingFace } from './huggingface/json';
import { looksLikeJson, openJsonModel } from './json-model';
import { openKerasArchive } from './keras/archive';
import { formatTitles } from '../network/format-titles';
import type { FormatId } from '../network/format-titles';
import { openKerasH5 } from './keras/legacy-h5';
import { openZip } from './containers/zip';
import type { Zip } from './containers/zip';
import { looksLikeOnnx, openOnnx } from './onnx/onnx';
import { looksLikeTflite, openTflite } from './tflite/tflite';
import { isCheckpoint, mainFile, openCheckpoint } from './tensorflow/checkpoint';
import { looksLikeGraphDef, openGraphFile } from './tensorflow/graph-file';
import { isSavedModel, openSavedModel } from './tensorflow/saved-model';
import { isNpz, looksLikeNpy, openNpyModel, openNpzModel } from './npz-model';
import { describeOther, knownOther } from './other-files';
import { looksLikeSafetensors, openSafetensors } from './safetensors';
import { openDistributed } from './torch/distributed';
import { isTorchArchive, looksLikeLegacyTorch, looksLikePickle, openTorch } from './torch/torch-file';

/** The first bytes of a file, and its name, from which formats tell themselves apart. */
export interface Sample {
  readonly path: string;
  readonly size: number;
  /** Up to 64 KiB from the start. */
  readonly head: Uint8Array;
}

export interface Format {
  readonly id: FormatId;
  /** As the person reads it: `Keras 3 archive`. */
  readonly title: string;
  /** True when the content is of this format. */
  sniff(sample: Sample): boolean | Promise<boolean>;
  /** @throws Failure with one sentence that names file, place and reason. */
  open(path: string, onGraph?: OnGraph): Promise<OpenedNetwork>;
}

/** Hears of the layers as soon as they are known, where finding their weights takes longer; weights have no keys yet. */
export type OnGraph = (network: Network) => void;

const startsWith = (sample: Sample, ...bytes: readonly number[]): boolean => bytes.every((byte, index) => sample.head[index] === byte);

/** HDF5's signature stands at the start, or after a user block of 512, 1024, … bytes. */
function isHdf5(sample: Sample): boolean {
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  return [0, 512, 1024, 2048, 4096].some((offset) => signature.every((byte, index) => sample.head[offset + index] === byte));
}

const isZip = (sample: Sample): boolean => startsWith(sample, 0x50, 0x4b);

/** True when the archive's directory passes the test; one that cannot be read is left to the last format that takes archives, which says why. */
async function holds(sample: Sample, test: (zip: Zip) => boolean, damaged = false): Promise<boolean> {
  const zip = await openZip(sample.path).catch(() => null);
  if (zip === null) return damaged;
  try {
    return test(zip);
  } finally {
    zip.close();
  }
}

export const formats: readonly Format[] = [
  { id: 'safetensors', title: formatTitles.safetensors, sniff: ({ head }) => looksLikeSafetensors(head), open: openSafetensors },
  // Before the archives, which its files begin with.
  { id: 'pytorch', title: formatTitles.pytorch, sniff: ({ path: file, head }) => /\.distcp$/.test(file) || (path.basename(file) === '.metadata' && looksLikePickle(head)), open: openDistributed },
  { id: 'pytorch', title: formatTitles.pytorch, sniff: async (sample) => looksLikeLegacyTorch(sample.head) || (isZip(sample) && await holds(sample, isTorchArchive)), open: openTorch },
  { id: 'npz', title: formatTitles.npz, sniff: async (sample) => isZip(sample) && holds(sample, isNpz), open: openNpzModel },
  { id: 'npz', title: formatTitles.npz, sniff: ({ head }) => looksLikeNpy(head), open: openNpyModel },
  { id: 'keras', title: formatTitles.keras, sniff: async (sample) => isZip(sample) && (/\.keras$/i.test(sample.path) || holds(sample, (zip) => zip.members.has('config.json'), true)), open: openKerasArchive },
  { id: 'keras-h5', title: formatTitles['keras-h5'], sniff: isHdf5, open: openKerasH5 },
  { id: 'keras-weights', title: formatTitles['keras-weights'], sniff: () => false, open: openKerasH5 },
  { id: 'tflite', title: formatTitles.tflite, sniff: (sample) => looksLikeTflite(sample.head), open: openTflite },
  { id: 'saved-model', title: formatTitles['saved-model'], sniff: (sample) => isSavedModel(sample.path), open: openSavedModel },
  { id: 'tensorflow-checkpoint', title: formatTitles['tensorflow-checkpoint'], sniff: ({ path: file }) => isCheckpoint(file), open: openCheckpoint },
  { id: 'tensorflow-graph', title: formatTitles['tensorflow-graph'], sniff: ({ head }) => looksLikeGraphDef(head), open: openGraphFile },
  { id: 'onnx', title: formatTitles.onnx, sniff: (sample) => looksLikeOnnx(sample.head, sample.path), open: openOnnx },
  // Hugging Face's JSON files lead to safetensors or PyTorch files.
  { id: 'safetensors', title: formatTitles.safetensors, sniff: ({ head }) => looksLikeHuggingFace(new TextDecoder().decode(head)), open: openHuggingFace },
  // One reader tells the two kinds of JSON apart; each has its row so that it has a title.
  { id: 'tfjs-layers', title: formatTitles['tfjs-layers'], sniff: (sample) => looksLikeJson(sample.head), open: openJsonModel },
  { id: 'tfjs-graph', title: formatTitles['tfjs-graph'], sniff: () => false, open: openJsonModel },
  { id: 'tfjs-weights', title: formatTitles['tfjs-weights'], sniff: () => false, open: openJsonModel },
  { id: 'keras-config', title: formatTitles['keras-config'], sniff: () => false, open: openJsonModel },
  { id: 'pytorch', title: formatTitles.pytorch, sniff: ({ head }) => looksLikePickle(head), open: openTorch },
  // What its name says it is, and its content does not, is told by its own reader what is wrong with it.
  { id: 'safetensors', title: formatTitles.safetensors, sniff: ({ path: file }) => /\.safetensors$/i.test(file), open: openSafetensors },
];

/**
 * Opens a model file of any known format: its graph at once, its weights when asked. Close the store when done.
 * @throws Failure with one sentence for everything that can be wrong with the file.
 */
export async function openNetwork(given: string, options: { readonly signal?: AbortSignal; readonly onGraph?: OnGraph } = {}): Promise<OpenedNetwork> {
  const file = await fileOf(await mainFile(given));
  const sample = await takeSample(file);
  const other = knownOther(sample);
  if (other !== null) throw new Failure('format.other', other);
  for (const format of formats) {
    options.signal?.throwIfAborted();
    if (!await format.sniff(sample)) continue;
    const opened = await format.open(file, options.onGraph).catch((error: unknown) => { throw asFailure(error, file); });
    if (options.signal?.aborted !== true) return opened;
    await opened.weights.close();
    options.signal.throwIfAborted();
  }
  throw new Failure('format.unknown', await describeOther(sample));
}

/** What stands for a folder that is a model: a SavedModel's, a checkpoint's of several processes, one with weights and their configuration. */
const within = ['saved_model.pb', '.metadata', 'config.json', 'adapter_config.json', 'model.safetensors.index.json', 'model.safetensors', 'model.json'];

async function fileOf(given: string): Promise<string> {
  if (!await stat(given).then((info) => info.isDirectory(), () => false)) return given;
  for (const name of within) {
    const inner = path.join(given, name);
    if (await stat(inner).then((info) => info.isFile(), () => false)) return inner;
  }
  return given;
}

/** The first bytes of a file. @throws Failure when there is none, or nothing in it. */
async function takeSample(file: string): Promise<Sample> {
  const label = path.basename(file);
  try {
    const { size } = await stat(file).then((info) => {
      if (info.isDirectory()) throw new Failure('format.directory', `${label} is a folder, not a model file.`);
      if (!info.isFile()) throw new Failure('format.kind', `${label} is not a regular file.`);
      return info;
    });
    if (size === 0) throw new Failure('format.empty', `${label} is empty (0 bytes).`);
    const handle = await open(file, 'r');
    try {
      const head = new Uint8Array(Math.min(size, 65536));
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      return { path: file, size, head: head.subarray(0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asFailure(error, file);
  }
}

const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file', EACCES: 'reading it is not permitted', EPERM: 'reading it is not permitted', ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder', EMFILE: 'too many files are open', ENAMETOOLONG: 'its name is too long', ELOOP: 'its links go round in a circle', ERR_INVALID_ARG_VALUE: 'no file can have such a name',
};

/** Anything thrown while opening `file`, as one sentence. */
function asFailure(error: unknown, file: string): Failure | DOMException {
  if (error instanceof DOMException) return error;
  if (error instanceof Failure) return error.message.includes(path.basename(file)) ? error : new Failure(error.code, `${path.basename(file)}: ${error.message}`, { cause: error });
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = Object.hasOwn(systemErrors, code) ? systemErrors[code] : null;
  if (reason !== null && reason !== undefined) return new Failure('format.read', `${file} cannot be opened: ${reason}.`, { cause: error });
  return new Failure('format.damaged', `${path.basename(file)} cannot be read: ${sentenceOf(error)}.`, { cause: error });
}
