/** Keras 3's `.keras`: a zip archive of `config.json`, `metadata.json` and `model.weights.h5`. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { buildNetwork } from '../../network/build';
import { displayName } from '../../network/order';
import type { JsonObject, Network, OpenedNetwork } from '../../network/network';
import type { NetworkDraft } from '../../network/draft';
import { Hdf5File } from '../containers/hdf5';
import type { Hdf5Source } from '../containers/hdf5';
import { maximalJson, parseJsonBytes } from '../containers/json';
import { openZip } from '../containers/zip';
import type { Zip } from '../containers/zip';
import { bindWeights, checkedStore } from './bind';
import { compileFrom } from './compile';
import { converting } from './conversions';
import type { Conversions } from './conversions';
import type { Dialect } from './dialect';
import { modelFrom } from './model-config';
import { optimizerState, withState } from './optimizer-state';
import type { StoredVariable } from './optimizer-state';
import { precisions } from './precision';
import { findInVars } from './vars';
import { weightsOnly } from './weights-h5';

/** Weights in a compressed member are unpacked into memory, so their size is bounded; Keras itself stores them uncompressed. */
const maximalUnpacked = 640 * 1024 * 1024;
const weightsName = 'model.weights.h5';

/** Opens an archive; weights are read from the file when asked for. `onGraph` hears of the layers before the weights are found. @throws Failure */
export async function openKerasArchive(file: string, onGraph?: (network: Network) => void): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const zip = await openZip(file);
  try {
    if (!zip.members.has('config.json')) throw new Failure('keras.config', `${label} is a zip archive but no Keras model: it has no config.json.`);
    const config = parseJsonBytes(await zip.read('config.json', maximalJson), `${label}: config.json`);
    const draft = await drafted(config, await dialectIn(zip, label), `${label}: config.json`, zip, file);
    if (!('layers' in draft)) return draft;
    const network = buildNetwork(draft, { format: 'keras', convention: 'keras', compile: compileFrom(config.compile_config) });
    onGraph?.(network);
    const ignored = zip.ignored.length === 0 ? [] : [`${zip.ignored.length} members of ${label} were ignored because their names leave the archive or stand in it twice: ${zip.ignored.slice(0, 3).map((name) => displayName(name)).join(', ')}.`];
    const source = await weightsSource(zip, file, label);
    if (source === null) {
      const problems = [...ignored, ...network.problems, `${label} holds no weights: it has no ${weightsName}.`];
      return { network: { ...network, problems }, weights: checkedStore(new Map(), (key) => Promise.reject(new Failure('weights.absent', `${label} holds no weight ${key}.`)), () => Promise.resolve()) };
    }
    const weights = await Hdf5File.open(source, `${label}: ${weightsName}`);
    try {
      const conversions: Conversions = new Map();
      const bound = bindWeights(draft, network, findInVars(weights, draft, network, conversions), label);
      return {
        network: { ...bound.network, problems: [...ignored, ...bound.network.problems, ...precisions(bound.network)], compile: withState(network.compile, optimizerState(network.compile?.optimizer ?? null, variablesIn(weights), draft, network)) },
        weights: checkedStore(bound.misfits, converting(conversions, (key) => weights.read(key)), () => weights.close()),
      };
    } catch (error) {
      await weights.close();
      throw error;
    }
  } finally {
    zip.close();
  }
}

/** The draft of a model; of one whose graph exists only in Python code, the network of its layers with their weights. @throws Failure */
async function drafted(config: JsonObject, dialect: Dialect, what: string, zip: Zip, file: string): Promise<NetworkDraft | OpenedNetwork> {
  try {
    return modelFrom(config, dialect, what);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'keras.subclass') throw error;
    const label = path.basename(file);
    const source = await weightsSource(zip, file, label);
    if (source === null) throw error;
    const weights = await Hdf5File.open(source, `${label}: ${weightsName}`);
    try {
      return { network: weightsOnly(weights, label, error.message), weights: checkedStore(new Map(), (key) => weights.read(key), () => weights.close()) };
    } catch {
      await weights.close();
      throw error;
    }
  }
}

/** Keras 2 (from 2.12 on) wrote archives too; `metadata.json` tells. */
async function dialectIn(zip: Zip, label: string): Promise<Dialect> {
  if (!zip.members.has('metadata.json')) return 'keras3';
  const metadata = parseJsonBytes(await zip.read('metadata.json', 1024 * 1024), `${label}: metadata.json`);
  return typeof metadata.keras_version === 'string' && metadata.keras_version.startsWith('2') ? 'keras2' : 'keras3';
}

/** `optimizer/vars/0`, `1`, …, in the order of their numbers. */
function variablesIn(weights: Hdf5File): readonly StoredVariable[] {
  return [...weights.keys('optimizer/vars')].sort((first, second) => Number(first) - Number(second)).flatMap((name): readonly StoredVariable[] => {
    const found = weights.dataset(`optimizer/vars/${name}`);
    return found === null ? [] : [{ key: found.path, shape: found.shape, integer: found.dtype.includes('int') }];
  });
}

async function weightsSource(zip: Zip, file: string, label: string): Promise<Hdf5Source | null> {
  const member = zip.members.get(weightsName);
  if (member === undefined) return null;
  if (member.stored) return { kind: 'file', path: file, offset: await zip.offsetOf(weightsName), size: member.size };
  // A real deflate stream cannot shrink floats to a hundredth.
  if (member.size > 1000 * member.compressedSize + 1024) throw new Failure('zip.ratio', `${label}: ${weightsName} claims to unpack to more than a thousand times its size, as zip bombs do; it is refused.`);
  return { kind: 'memory', bytes: await zip.read(weightsName, maximalUnpacked, true) };
}
