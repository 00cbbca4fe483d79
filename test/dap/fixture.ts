/** Where the fixtures are, and runs small enough for a transcript. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** The checkout's root: the nearest folder above the working directory that holds the fixtures. */
function findRoot(): string {
  let folder = process.cwd();
  while (!existsSync(path.join(folder, 'test/fixtures/models')) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  return folder;
}

export const root = findRoot();

/** 2-3-1, eight examples a batch, on the backend whose numbers are the same on every machine. */
export const students = {
  type: 'backstep', request: 'launch', name: 'Students',
  model: 'test/fixtures/models/keras/will_i_pass.keras',
  data: { csv: 'test/fixtures/models/datasets/students.csv', features: ['lectures', 'hours'], label: 'passed' },
  loss: 'binary_crossentropy', optimizer: { type: 'adam', learningRate: 0.05 }, batchSize: 8, shuffle: false, seed: 7, backend: 'cpu',
};
