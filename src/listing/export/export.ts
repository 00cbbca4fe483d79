/** Writes a listing as a program that runs on plain TensorFlow.js and gives the same numbers, with its tensors beside it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { replacedKernels } from '../../engine/kernels/kernels';
import type { RunInfo } from '../../engine/run';
import type { Trace } from '../../engine/trace';
import { Failure } from '../../tensor/failure';
import type { TensorValue } from '../../tensor/value';
import { makeListing } from '../listing';
import type { ListingOptions } from '../listing';
import { programText } from './program';
import { writeSafetensors } from './safetensors';

export interface ExportTarget {
  /** Made when it does not exist. */
  readonly folder: string;
  /** Name of the files, without extension. */
  readonly name: string;
}

/**
 * Writes `<name>.mjs` (run it with `node`), `<name>.safetensors`, and, when the run used kernels that are not TensorFlow.js's own,
 * `<name>.kernels.cjs` and `wasm/backstep-kernels.wasm`. Returns the paths written, the program first.
 * @throws Failure `listing.export` when a file cannot be written or a part of Backstep is missing
 */
export async function exportListing(trace: Trace, info: Pick<RunInfo, 'network' | 'backend'>, target: ExportTarget, options: ListingOptions = {}): Promise<string[]> {
  const listing = makeListing(trace, info.network, { ...options, regions: true });
  const given = givenTensors(trace, listing.names);
  const gradients = gradientTensors(trace, listing.names);
  const own = replacedKernels(info.backend.name);
  const kernels = trace.ops.some((op) => own.has(op.kernel));
  const text = programText({
    trace, listing, kernels, name: target.name, backend: info.backend.name, given: [...given.keys()], gradients: [...gradients.keys()],
    recorded: { loss: trace.loss, gradients: Object.fromEntries([...gradients].map(([name, value]) => [name, checksum(value)])) },
  });
  const at = (...parts: string[]): string => path.join(target.folder, ...parts);
  const files = [at(`${target.name}.mjs`), at(`${target.name}.safetensors`)] as const;
  try {
    await mkdir(target.folder, { recursive: true });
    await writeFile(files[1], writeSafetensors(given));
    const copies = kernels ? await copyKernels(target, info.backend.name === 'wasm') : [];
    await writeFile(files[0], text);
    return [...files, ...copies];
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('listing.export', `The listing cannot be written to ${target.folder}: ${error instanceof Error ? error.message : String(error)}. Choose another folder.`, { cause: error });
  }
}

/** SHA-256 of the float32 bytes, as the exported program computes it. */
export function checksum(value: TensorValue): string {
  const data = Float32Array.from(value.data as ArrayLike<number>);
  return createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');
}

/** Everything that exists before the first op and is a variable in the listing: inputs, labels, weights, state, constants. */
function givenTensors(trace: Trace, names: ReadonlyMap<number, string>): Map<string, TensorValue> {
  const used = new Set(trace.ops.flatMap((op) => Object.values(op.inputs)));
  const found = new Map<string, TensorValue>();
  for (const tensor of trace.tensors.values()) {
    const name = names.get(tensor.id);
    if (tensor.writer < 0 && name !== undefined && used.has(tensor.id) && !found.has(name)) found.set(name, tensor.read());
  }
  return found;
}

/** Gradients of weights and of inputs by variable; those that no op wrote (a weight that nothing reaches) are left out. */
function gradientTensors(trace: Trace, names: ReadonlyMap<number, string>): Map<string, TensorValue> {
  const found = new Map<string, TensorValue>();
  const ids = [...trace.weights.map(({ gradient }) => gradient), ...Object.values(trace.inputs).map(({ gradient }) => gradient)];
  for (const id of ids) {
    const tensor = id === null ? undefined : trace.tensors.get(id), name = id === null ? undefined : names.get(id);
    if (tensor !== undefined && name !== undefined && tensor.writer >= 0) found.set(name, tensor.read());
  }
  return found;
}

async function copyKernels({ folder, name }: ExportTarget, withAssembly: boolean): Promise<string[]> {
  const copies = [[path.join(__dirname, 'kernels.cjs'), path.join(folder, `${name}.kernels.cjs`)]];
  if (withAssembly) copies.push([path.join(__dirname, 'wasm', 'backstep-kernels.wasm'), path.join(folder, 'wasm', 'backstep-kernels.wasm')]);
  for (const [from = '', to = ''] of copies) {
    if (!existsSync(from)) throw new Failure('listing.export', `The file ${from} is missing; install Backstep again.`);
    await mkdir(path.dirname(to), { recursive: true });
    await copyFile(from, to);
  }
  return copies.map(([, to = '']) => to);
}
