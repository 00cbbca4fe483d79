/** What a card does with its tensor: slices go to the clipboard or a file at full resolution, by the host; pictures as they are seen. */
import type { SliceSpec, TensorAddress } from '../../../src/protocol/tensor';
import { sliceTextOf } from '../../../src/tensor/slice-text';
import type { TextFormat } from '../../../src/tensor/text';
import { request } from '../../channel';
import { notify } from '../../store';

export const failed = (error: unknown): void => notify(error instanceof Error ? error.message : String(error));

/** `conv2d_1_kernel_0_3`: a file's name for a slice. */
const fileName = (name: string, { at }: SliceSpec): string => [name.replace(/[^\w.-]+/g, '_').replace(/^_+|_+$/g, ''), ...Object.values(at)].join('_');

/** Copies a whole slice, or saves it as a NumPy file, and says so. */
export function exportSlice(address: TensorAddress, shape: readonly number[], slice: SliceSpec, name: string, to: 'npy' | TextFormat): void {
  const called = to === 'npy' ? `${fileName(name, slice)}.npy` : `${name}${sliceTextOf(shape, slice)}`;
  request('exportTensor', { address, slice, to, name: called }).then((done) => { if (done !== null) notify(done); }, failed);
}

/** Saves what a canvas shows. */
export function savePicture(canvas: HTMLCanvasElement, slice: SliceSpec, name: string): void {
  canvas.toBlob((blob) => {
    if (blob === null) return notify('The picture could not be made; it is too large or empty.');
    blob.arrayBuffer().then((bytes) => request('save', { name: `${fileName(name, slice)}.png`, bytes })).catch(failed);
  }, 'image/png');
}
