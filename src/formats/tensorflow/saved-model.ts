/** TensorFlow SavedModels: the graph of each signature with its variables' values from the checkpoint in `variables/`; a tree of variables where there is no graph. */
import path from 'node:path';
import { Failure, sentenceOf } from '../../tensor/failure';
import type { Layer, Network, OpenedNetwork } from '../../network/network';
import { displayName } from '../../network/order';
import { ProtoMessage, scanMessage } from '../containers/protobuf';
import type { FieldTable } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { withSignatures } from '../graphs/signatures';
import type { Signature } from '../graphs/signatures';
import { openModuleTree } from '../modules/module-tree';
import { shownShape } from '../modules/tensor-types';
import { openBundle } from './bundle';
import { savedGraph } from './saved-graph';
import type { SavedGraph, SignatureGraph } from './saved-graph';
import { savedObjects, storedVariables } from './saved-objects';
import type { StoredVariable } from './saved-objects';
import { constantValue } from './tensor-proto';

const maximalPart = 512 * 2 ** 20;

/** The name that a SavedModel's file always has. */
export function isSavedModel(file: string): boolean {
  return path.basename(file) === 'saved_model.pb';
}

/** Opens `saved_model.pb` with the folder around it. @throws Failure with one sentence */
export async function openSavedModel(file: string): Promise<OpenedNetwork> {
  const folder = path.dirname(path.resolve(file));
  const label = `${path.basename(folder)}/saved_model.pb`;
  const ranges = await openRanges(file);
  try {
    return await openFrom(ranges, folder, label);
  } catch (error) {
    await ranges.close();
    throw error;
  }
}

async function openFrom(ranges: RangeFile, folder: string, label: string): Promise<OpenedNetwork> {
  const parts = await metaGraph(ranges);
  const objects = savedObjects(await parts.one(7, 'its objects'));
  const info = await parts.one(1, 'its version');
  const collection = (await parts.all(4, 'its collections')).find((entry) => entry.text(1) === 'trainable_variables');
  const trainable = new Set(collection?.message(2).message(2).datas(1).map((bytes) => new ProtoMessage(bytes, label).text(1).replace(/:0$/, '')));
  const entries = await openBundle(path.join(folder, 'variables', 'variables')).catch((error: unknown) => {
    if (error instanceof Failure) throw new Failure(error.code, `${label}: ${error.message}`, { cause: error });
    return null;
  });
  const variables = storedVariables(objects, entries ?? [], trainable);
  const problems: string[] = [];
  let graph: SavedGraph = { graphs: [], constants: new Map(), used: new Set(), missing: [] };
  try {
    const signatures = (await parts.all(5, 'its signatures')).map((entry) => [entry.text(1), entry.message(2)] as const);
    graph = savedGraph({ label, graph: await parts.one(2, 'its graph'), signatures, objects, variables, format: 'saved-model' });
    if (graph.missing.length > 0) problems.push(`${label}: the checkpoint in variables/ has no values for ${graph.missing.slice(0, 4).map((name) => displayName(name)).join(', ')}${graph.missing.length > 4 ? ` and ${graph.missing.length - 4} more` : ''}.`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problems.push(`The graph of ${label} cannot be shown, only its variables: ${sentenceOf(error)}.`);
  }
  // A model without variables needs no folder of them.
  if (entries === null && (graph.missing.length > 0 || graph.graphs.length === 0)) throw new Failure('saved-model.variables', `${label} has no variables/variables.index beside it, so there are no weights to show.`);
  const [first] = graph.graphs;
  const version = info.text(5) === '' ? '' : `TensorFlow ${info.text(5)}`;
  if (first === undefined) {
    if (problems.length === 0) problems.push(`${label} has neither signatures nor functions, so only its variables are shown.`);
    return openModuleTree({
      name: label, format: 'saved-model', formatDetail: version, convention: 'keras', separator: '/', problems,
      viewOnly: `${label} can be looked at but not run: there is no graph that could be run, only variables.`, close: () => ranges.close(),
      tensors: variables.map(({ name, entry, trainable: trained }) => ({ name, shape: shownShape(entry.type, entry.shape), dtype: entry.type.dtype, trainable: trained, read: () => entry.read() })),
    });
  }
  const names = graph.graphs.flatMap((signature) => signature.names);
  const formatDetail = [version, `signature${names.length > 1 ? 's' : ''} ${names.map((name) => displayName(name)).join(', ')}`].filter((text) => text !== '').join(', ');
  const network = withSignatures(titled(first), graph.graphs.slice(1).map(titled), label);
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  return {
    network: { ...network, formatDetail, layers: [...network.layers, ...unusedVariables(variables, graph.used, network)], problems: [...network.problems, ...problems] },
    weights: {
      async read(key) {
        const place = graph.constants.get(key);
        if (place !== undefined) return constantValue(new ProtoMessage(await ranges.read(place.start, place.length, 'a constant'), label, place.start), `A constant of ${label}`);
        const variable = byName.get(key.replace(/^variable /, ''));
        if (variable === undefined) throw new Failure('weights.absent', `${label} holds no variable ${displayName(key)}.`);
        return variable.entry.read();
      },
      close: () => ranges.close(),
    },
  };
}

const titled = ({ names, network }: SignatureGraph): Signature => ({ title: names.join(', '), network });

/** Variables that no signature uses (counters, the state of an optimizer), in a layer of their own. */
function unusedVariables(variables: readonly StoredVariable[], used: ReadonlySet<string>, network: Network): readonly Layer[] {
  const left = variables.filter(({ name }) => !used.has(name));
  if (left.length === 0) return [];
  let name = 'unused_variables';
  while (network.layers.some((layer) => layer.name === name)) name += '_';
  const weights = left.map(({ name: weight, entry }) => ({ name: weight, key: `variable ${weight}`, shape: shownShape(entry.type, entry.shape), dtype: entry.type.dtype, trainable: false, buffer: true, initializer: null }));
  return [{ name, type: 'Parameters', config: {}, trainable: false, calls: [], weights, network: null, foreign: { detail: '' }, problem: null }];
}

interface Parts {
  /** A field of `MetaGraphDef`; empty when it is absent. @throws Failure when it is too large */
  one(field: number, what: string): Promise<ProtoMessage>;
  all(field: number, what: string): Promise<readonly ProtoMessage[]>;
}

/** The model's graph and what belongs to it; of several, the one that is served. */
async function metaGraph(ranges: RangeFile): Promise<Parts> {
  const model = await scanMessage(ranges, 0, ranges.size);
  const tables = await Promise.all((model.get(2) ?? []).filter(({ wire }) => wire === 2).map((meta) => scanMessage(ranges, meta.start, meta.end)));
  const partsOf = (table: FieldTable): Parts => {
    const all: Parts['all'] = async (field, what) => {
      const places = (table.get(field) ?? []).filter(({ wire }) => wire === 2);
      const size = places.reduce((sum, { start, end }) => sum + end - start, 0);
      if (size > maximalPart) throw new Failure('saved-model.size', `${ranges.label}: ${what} takes ${size} bytes, more than the ${maximalPart} that are read`);
      return Promise.all(places.map(async ({ start, end }) => new ProtoMessage(await ranges.read(start, end - start, what), ranges.label, start)));
    };
    return { all, one: async (field, what) => (await all(field, what)).at(-1) ?? new ProtoMessage(new Uint8Array(0), ranges.label) };
  };
  const graphs = tables.map(partsOf);
  const served = await Promise.all(graphs.map(async (parts) => (await parts.one(1, 'its tags')).texts(4).includes('serve')));
  const chosen = graphs[Math.max(0, served.indexOf(true))];
  if (chosen === undefined) throw new Failure('saved-model.graph', `${ranges.label} is not a sound SavedModel: it holds no graph.`);
  return chosen;
}
