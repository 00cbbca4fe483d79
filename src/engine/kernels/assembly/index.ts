// Kernels for the wasm backend, in AssemblyScript with SIMD: they read and write the backend's own memory through pointers.
// One file a family; `esbuild.mjs` compiles them into dist/wasm/backstep-kernels.wasm. No allocation, no static data: scratch
// memory comes from the caller, who takes it from the backend's allocator.
export { filterGradient, filterGradientScratch, inputGradient, inputGradientScratch } from './convolution';
export { depthwise, depthwiseFilterGradient, depthwiseInputGradient, depthwiseScratch } from './depthwise';
export { matMul, matMulScratch } from './matmul';
export { averagePoolGradient, maxPool, maxPoolGradient } from './pooling';
