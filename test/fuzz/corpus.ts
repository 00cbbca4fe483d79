/** The files that the fuzzer starts from: each of the fixtures, with what lies beside it where a model is a folder. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { readNpyHeader } from '../../src/tensor/npy';

/** A model or data file and its companions, by their names in one folder. */
export interface Seed {
  /** Its path in the corpus: `torch/torch_cnn.pt`. */
  readonly label: string;
  /** Which reader it is for; mutations splice files of one reader. */
  readonly reader: string;
  /** The file that is opened. */
  readonly main: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Larger ones are slow to mutate and say nothing that small ones do not. */
const largest = 320_000;

const readers: readonly { readonly name: RegExp; readonly reader: string; readonly beside?: (file: string) => readonly string[] }[] = [
  { name: /\.keras$/, reader: 'keras' },
  { name: /\.weights\.h5$/, reader: 'weights-h5' },
  { name: /\.(h5|hdf5)$/, reader: 'h5' },
  { name: /(^|[/\\])model\.json$/, reader: 'tfjs', beside: (file) => siblings(file, /\.bin$/) },
  { name: /\.config\.json$/, reader: 'json' },
  { name: /\.safetensors$/, reader: 'safetensors' },
  { name: /\.npz$/, reader: 'npz' },
  { name: /\.npy$/, reader: 'npy' },
  { name: /\.(pt|pth|pt2|ckpt)$/, reader: 'pytorch' },
  { name: /(^|[/\\])\.metadata$/, reader: 'pytorch', beside: (file) => siblings(file, /\.distcp$/) },
  { name: /\.onnx$/, reader: 'onnx', beside: (file) => siblings(file, new RegExp(`^${path.basename(file).replace(/[.]/g, '\\.')}\\.data$`)) },
  { name: /\.tflite$/, reader: 'tflite' },
  { name: /(^|[/\\])saved_model\.pb$/, reader: 'saved-model', beside: (file) => ['variables/variables.index', 'variables/variables.data-00000-of-00001'].filter((name) => existsSync(path.join(path.dirname(file), name))) },
  { name: /\.pb$/, reader: 'tensorflow-graph', beside: (file) => (path.basename(file) === 'tensorflowjs_model.pb' ? siblings(file, /^(weights_manifest\.json|group1-shard.*)$/) : []) },
  { name: /\.index$/, reader: 'tensorflow-checkpoint', beside: (file) => siblings(file, /\.data-\d{5}-of-\d{5}$/) },
  { name: /weights_manifest\.json$/, reader: 'tfjs-weights', beside: (file) => siblings(file, /shard\d+of\d+(\.bin)?$/) },
  { name: /\.csv$/, reader: 'csv' },
  { name: /idx\d-ubyte(\.gz)?$/, reader: 'idx' },
];

const siblings = (file: string, name: RegExp): readonly string[] => readdirSync(path.dirname(file)).filter((entry) => name.test(entry));

/** Which reader takes a file, by its name; null for one that is no input of Backstep. */
export const readerOf = (file: string): string | null => readers.find(({ name }) => name.test(file))?.reader ?? null;

/** Models that fixtures keep in archives of arrays, `name/model` of bytes. */
function packed(file: string, label: string): readonly Seed[] {
  return Object.entries(unzipSync(new Uint8Array(readFileSync(file)), { filter: ({ name }) => name.endsWith('/model.npy') })).flatMap(([name, bytes]): readonly Seed[] => {
    const { dataStart } = readNpyHeader(bytes, name);
    const content = bytes.slice(dataStart);
    return content.length > largest ? [] : [{ label: `${label}#${path.dirname(name)}`, reader: 'onnx', main: 'model.onnx', files: new Map([['model.onnx', content]]) }];
  });
}

/** The ONNX models of a folder of such archives. */
export const packedModels = (folder: string): readonly Seed[] => readdirSync(folder).filter((name) => name.endsWith('.npz')).sort().flatMap((name) => packed(path.join(folder, name), name));

/** All files below a folder that some reader takes, those of readers whose name holds `only`. */
export function corpus(folder: string, only = ''): readonly Seed[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().flatMap((label): readonly Seed[] => {
    const row = readers.find(({ name }) => name.test(label));
    const file = path.join(folder, label);
    if (row === undefined || !row.reader.includes(only) || !statSync(file).isFile() || statSync(file).size > largest) return [];
    const main = path.basename(file);
    const names = [main, ...row.beside?.(file) ?? []];
    return [{ label: label.split(path.sep).join('/'), reader: row.reader, main, files: new Map(names.map((name) => [name, new Uint8Array(readFileSync(path.join(path.dirname(file), name)))])) }];
  });
}
