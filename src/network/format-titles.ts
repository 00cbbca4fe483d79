/** Titles of formats as people read them, by the id that a network carries. */
export const formatTitles = {
  'keras': 'Keras 3 archive',
  'keras-h5': 'Keras HDF5 file',
  'keras-config': 'Keras model configuration',
  'keras-weights': 'Keras weights file',
  'tfjs-layers': 'TensorFlow.js layers model',
  'tfjs-graph': 'TensorFlow.js graph model',
  'tfjs-weights': 'TensorFlow.js weights',
  'onnx': 'ONNX model',
  'tflite': 'TFLite model',
  'saved-model': 'TensorFlow SavedModel',
  'tensorflow-graph': 'TensorFlow graph',
  'tensorflow-checkpoint': 'TensorFlow checkpoint',
  'safetensors': 'safetensors file',
  'npz': 'NumPy archive',
  'pytorch': 'PyTorch file',
} as const;
export type FormatId = keyof typeof formatTitles;

/** Title of a format; the id itself when it is not in the table. */
export function formatTitle(id: string): string {
  return Object.hasOwn(formatTitles, id) ? formatTitles[id as FormatId] : id;
}
