/** Files that Backstep does not open but knows: what they are, and what to do instead. A kind is one row. */
import path from 'node:path';
import { displayName } from '../network/order';
import { openZip } from './containers/zip';
import type { Sample } from './registry';

interface OtherFile {
  /** True when a file of that kind begins so. */
  readonly looks: (head: Uint8Array, text: string) => boolean;
  /** The sentence behind the file's name. */
  readonly says: (text: string) => string;
}

const begins = (...bytes: readonly number[]) => (head: Uint8Array): boolean => bytes.every((byte, index) => head[index] === byte);
const letters = (word: string, at = 0) => (head: Uint8Array): boolean => [...word].every((letter, index) => head[at + index] === letter.charCodeAt(0));
const packedBy = (tool: string) => (): string => `is compressed with ${tool}: unpack it and open what is inside.`;

const kinds: readonly OtherFile[] = [
  {
    looks: (_, text) => text.startsWith('version https://git-lfs.github.com/spec/'),
    says: (text) => {
      const size = Number(/^size (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
      return `is not the model but a pointer to it that Git LFS left${Number.isFinite(size) ? ` (the model has ${size.toLocaleString('en-US')} bytes)` : ''}: run "git lfs pull" in its folder to get the file itself.`;
    },
  },
  { looks: (_, text) => /^\s*(<!doctype html|<html|<\?xml[^>]*>\s*<(!DOCTYPE html|html))/i.test(text), says: () => 'is a web page, not a model: the download has led to a page that reports an error or asks to log in.' },
  { looks: (_, text) => /^\s*<\?xml[^>]*>\s*<Error>/i.test(text), says: () => 'is the error message of a download, not a model: download it again.' },
  { looks: letters('GGUF'), says: () => 'is a GGUF file of llama.cpp, which Backstep does not open. Open the safetensors file that it was made from.' },
  { looks: (head) => ['lmgg', 'tjgg', 'fmgg'].some((word) => letters(word)(head)), says: () => 'is a GGML file of llama.cpp, which Backstep does not open. Open the safetensors or PyTorch file that it was made from.' },
  { looks: letters('PTMF', 4), says: () => "is a PyTorch mobile module in FlatBuffers, which Backstep does not open. Save it with _save_for_lite_interpreter without _use_flatbuffer, and it opens." },
  { looks: (head) => letters('ET', 4)(head) && [6, 7].every((at) => (head[at] ?? 0) >= 0x30 && (head[at] ?? 0) <= 0x39), says: () => 'is an ExecuTorch program, which Backstep does not open. Open the .pt2 of torch.export or the state_dict that it was made from.' },
  { looks: begins(0x1f, 0x8b), says: packedBy('gzip') },
  { looks: letters('BZh'), says: packedBy('bzip2') },
  { looks: begins(0xfd, 0x37, 0x7a, 0x58, 0x5a), says: packedBy('xz') },
  { looks: begins(0x28, 0xb5, 0x2f, 0xfd), says: packedBy('Zstandard') },
  { looks: begins(0x37, 0x7a, 0xbc, 0xaf), says: packedBy('7-Zip') },
  { looks: letters('Rar!'), says: packedBy('RAR') },
  { looks: letters('ustar', 257), says: () => 'is a tar archive: unpack it and open the model inside. If torch.save wrote it (before version 0.1.10), load and save it again with PyTorch.' },
  { looks: letters('MATLAB 5.0 MAT-file'), says: () => 'is a MATLAB file, which Backstep does not open. Export the network to ONNX, or save the arrays with NumPy.' },
  { looks: (head) => letters('ftrt')(head) || letters('ptrt')(head), says: () => 'is a TensorRT engine, compiled code without a graph to show. Open the ONNX file that it was built from.' },
];

/** Kinds that only their names give away. */
const endings: Readonly<Record<string, string>> = {
  '.gguf': 'a GGUF file of llama.cpp', '.mlmodel': 'a Core ML model', '.pdmodel': 'a PaddlePaddle program', '.pdiparams': 'a PaddlePaddle file of weights', '.caffemodel': 'a Caffe model', '.prototxt': 'a Caffe description',
  '.weights': 'a Darknet file of weights', '.engine': 'a TensorRT engine', '.plan': 'a TensorRT engine', '.xml': 'an XML file (of OpenVINO, when a .bin lies beside it)', '.msgpack': 'a MessagePack file (Flax)', '.joblib': 'a joblib pickle',
  '.rknn': 'an RKNN model', '.param': 'an ncnn description', '.pb': 'a protocol buffer but neither a SavedModel nor a graph of TensorFlow',
};

const opened = 'Keras 3 archives (.keras), Keras HDF5 (.h5) and configurations (.json), TensorFlow.js (model.json), SavedModel, TFLite, ONNX, PyTorch (.pt, .pth, .ckpt, .pt2, .bin), safetensors with their index, and NumPy (.npz, .npy)';

/** The sentence for a file whose first bytes are those of a kind that is not opened, whatever its name; null for all others. */
export function knownOther({ path: file, head }: Sample): string | null {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 1024));
  const known = kinds.find(({ looks }) => looks(head, text));
  return known === undefined ? null : `${path.basename(file)} ${known.says(text)}`;
}

/** The sentence for a file that no format takes. */
export async function describeOther(sample: Sample): Promise<string> {
  const label = path.basename(sample.path);
  if (begins(0x50, 0x4b)(sample.head)) return `${label} ${await describeZip(sample.path)}`;
  const ending = endings[path.extname(label).toLowerCase()];
  const what = ending === undefined ? '' : ` (by its name it is ${ending})`;
  return `${label} is not a model file that Backstep knows${what}; it reads ${opened}.`;
}

const inside = /\.(onnx|h5|hdf5|keras|tflite|pt|pth|ckpt|safetensors|npz)$|(^|\/)(saved_model\.pb|model\.json)$/i;

async function describeZip(file: string): Promise<string> {
  const zip = await openZip(file);
  try {
    const names = [...zip.members.keys()];
    if (names.some((name) => name.includes('/data/aotinductor/'))) return 'is a package of AOTInductor: compiled code for one machine, without a graph or weights that could be shown. Open the exported program (torch.export.save) that it was made from.';
    const model = names.find((name) => inside.test(name));
    if (model !== undefined) return `is a zip archive with the model ${displayName(model)} inside: unpack it and open that.`;
    return names.length === 0 ? 'is an empty zip archive.' : `is a zip archive of no model that Backstep knows; it holds ${names.slice(0, 3).map((name) => displayName(name, 40)).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}.`;
  } finally {
    zip.close();
  }
}
