/** Configurations of runs on the fixture networks, with the data of their references. */
import { students } from './fixture';

const keras = 'test/fixtures/models/keras';
const reference = (name: string, loss: string, extra: object = {}): object => ({
  model: `${keras}/${name}.keras`, data: { x: `${keras}/${name}.reference.npz#x`, y: `${keras}/${name}.reference.npz#y` }, loss, optimizer: 'adam', batchSize: 2, seed: 5, backend: 'wasm', iterations: 4, ...extra,
});

const torch = 'test/fixtures/models/torch';
/** Exports of PyTorch: the network's file and the array of its data. */
const onnx = (file: string, loss = 'sparse_categorical_crossentropy'): object => {
  const data = `${torch}/${file.split('.')[0]}.reference.npz`;
  return reference(file, loss, { model: `${torch}/${file}`, data: { x: `${data}#x`, y: `${data}#y` } });
};

/** A chain, branches, a recurrent network, attention, batch normalisation, shared and nested layers; a smaller batch at the end of the epoch. */
export const networks: Readonly<Record<string, object>> = {
  students: { ...students, batchSize: 64, shuffle: true, iterations: 6 },
  lenet5: reference('lenet5', 'categorical_crossentropy'),
  gru_bidir: reference('gru_bidir', 'categorical_crossentropy'),
  transformer_block: reference('transformer_block', 'sparse_categorical_crossentropy'),
  resnet_mini: reference('resnet_mini', 'categorical_crossentropy'),
  multi_io: reference('multi_io', '', {
    data: { x: Object.fromEntries(['image', 'left', 'right'].map((name) => [name, `${keras}/multi_io.reference.npz#x/${name}`])), y: Object.fromEntries(['label', 'score'].map((name) => [name, `${keras}/multi_io.reference.npz#y/${name}`])) },
    loss: { label: 'categorical_crossentropy', score: 'mean_squared_error' },
  }),
};

/** Further networks, for what does not take many iterations: nested models, masks, every activation. */
export const moreNetworks: Readonly<Record<string, object>> = {
  ...networks,
  autoencoder: reference('autoencoder', 'mean_squared_error'),
  masked_text: reference('masked_text', 'sparse_categorical_crossentropy'),
  lstm_rows: reference('lstm_rows', 'sparse_categorical_crossentropy'),
  cnn_zoo: reference('cnn_zoo', 'categorical_crossentropy'),
  'torch_cnn.onnx': onnx('torch_cnn.onnx'),
  'torch_resnet.unfolded.onnx': onnx('torch_resnet.unfolded.onnx'),
  'torch_resnet.dynamo.onnx': onnx('torch_resnet.dynamo.onnx'),
  'torch_encoder.dynamo.onnx': onnx('torch_encoder.dynamo.onnx', 'cross_entropy'),
  'torch_lstm.unfolded.onnx': onnx('torch_lstm.unfolded.onnx'),
};
