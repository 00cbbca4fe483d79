/**
 * Entry of `dist/kernels.cjs`: the corrected kernels as a module of their own on somebody's `@tensorflow/tfjs`. An exported
 * listing whose run used them gets a copy beside it and calls `makeKernelsGood` before it chooses the backend.
 */
export { makeKernelsGood } from '../../engine/kernels/kernels';
