/** Checks a launch configuration or run file before anything is opened: one sentence for the first thing that is wrong. */
import { Failure } from '../tensor/failure';
import type { RunConfig } from './config';
import { nearest } from './nearest';

/** Says what is wrong with a value at a place (`optimizer.learningRate`), or null. */
type Check = (value: unknown, place: string) => string | null;
type Fields = Readonly<Record<string, { readonly check: Check; readonly required?: boolean }>>;

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const must = (place: string, what: string, value: unknown): string => `"${place}" must be ${what}, not ${shown(value)}.`;

const text: Check = (value, place) => (typeof value === 'string' && value !== '' ? null : must(place, 'text', value));
const flag: Check = (value, place) => (typeof value === 'boolean' ? null : must(place, 'true or false', value));
const number: Check = (value, place) => (typeof value === 'number' && Number.isFinite(value) ? null : must(place, 'a number', value));
const nonNegative: Check = (value, place) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? null : must(place, 'a number of at least 0', value));
const count: Check = (value, place) => (Number.isSafeInteger(value) && Number(value) >= 1 ? null : must(place, 'a whole number of at least 1', value));
const whole: Check = (value, place) => (Number.isSafeInteger(value) ? null : must(place, 'a whole number', value));
const oneOf = (...choices: readonly string[]): Check => (value, place) =>
  (typeof value === 'string' && choices.includes(value) ? null : must(place, `one of ${choices.map((choice) => `"${choice}"`).join(', ')}`, value));
const texts: Check = (value, place) => (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string') ? null : must(place, 'a list of names', value));
const either = (what: string, ...checks: readonly Check[]): Check => (value, place) => (checks.some((check) => check(value, place) === null) ? null : must(place, what, value));
const recordOf = (check: Check): Check => (value, place) => {
  if (!isRecord(value) || Object.keys(value).length === 0) return must(place, 'a record', value);
  return Object.entries(value).map(([key, entry]) => check(entry, `${place}.${key}`)).find((problem) => problem !== null) ?? null;
};

/** The record's known attributes are right, the required ones there, and there are no others. */
function fields(table: Fields, prefix: string, value: Record<string, unknown>): string | null {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(table, name) && value[name] !== undefined) {
      const [near] = nearest(name, Object.keys(table));
      const help = near === undefined ? `it knows ${Object.keys(table).map((key) => `"${key}"`).join(', ')}.` : `did you mean "${prefix}${near}"?`;
      return `"${prefix}${name}" is not an attribute that Backstep knows; ${help}`;
    }
  }
  for (const [name, { check, required }] of Object.entries(table)) {
    if (value[name] === undefined) {
      if (required === true) return `"${prefix}${name}" is missing.`;
    } else {
      const problem = check(value[name], `${prefix}${name}`);
      if (problem !== null) return problem;
    }
  }
  return null;
}

const arrayPaths = either('a path, or a record from input or output names to paths', text, recordOf(text));

/** Kinds of data by the attribute that tells them apart. */
const dataKinds: Readonly<Record<string, Fields>> = {
  generator: {
    generator: { check: oneOf('clusters', 'circles', 'xor', 'spiral', 'digits', 'patterns') }, examples: { check: count }, noise: { check: nonNegative }, seed: { check: whole }, oneHot: { check: flag },
  },
  csv: { csv: { check: text }, features: { check: texts, required: true }, label: { check: either('a column name or a list of them', text, texts), required: true } },
  idx: { idx: { check: text }, labels: { check: text, required: true } },
  x: { x: { check: arrayPaths }, y: { check: arrayPaths, required: true } },
};

const data: Check = (value, place) => {
  const kind = isRecord(value) ? Object.keys(dataKinds).find((key) => key in value) : undefined;
  const table = kind === undefined ? undefined : dataKinds[kind];
  if (!isRecord(value) || table === undefined) return must(place, 'a record with "x" and "y", with "csv", "features" and "label", with "idx" and "labels", or with "generator"', value);
  return fields(table, `${place}.`, value);
};

const lossFields: Fields = { type: { check: text, required: true }, fromLogits: { check: flag }, labelSmoothing: { check: nonNegative }, delta: { check: number }, weight: { check: number } };
const oneLoss: Check = (value, place) => (isRecord(value) ? fields(lossFields, `${place}.`, value) : text(value, place));
const loss: Check = (value, place) => {
  if (!isRecord(value)) return typeof value === 'string' ? text(value, place) : must(place, "a loss's name, a record with its \"type\", or a record from output names to losses", value);
  return 'type' in value ? oneLoss(value, place) : recordOf(oneLoss)(value, place);
};

const optimizerFields: Fields = {
  type: { check: text, required: true }, learningRate: { check: nonNegative },
  ...Object.fromEntries(['momentum', 'rho', 'beta1', 'beta2', 'epsilon', 'decay', 'weightDecay', 'initialAccumulatorValue', 'clipNorm', 'clipValue', 'globalClipNorm', 'dampening'].map((name) => [name, { check: number }])),
  ...Object.fromEntries(['nesterov', 'centered', 'amsgrad', 'useEma'].map((name) => [name, { check: flag }])),
};
const optimizer: Check = (value, place) => {
  if (typeof value === 'string') return text(value, place);
  return isRecord(value) ? fields(optimizerFields, `${place}.`, value) : must(place, "an optimizer's name or a record with its \"type\"", value);
};

/** What VS Code itself puts into a launch configuration, besides names that begin with `__`. */
const editorAttributes = new Set([
  'type', 'request', 'name', 'presentation', 'preLaunchTask', 'postDebugTask', 'internalConsoleOptions', 'debugServer', 'serverReadyAction',
  'suppressMultipleSessionWarning', 'noDebug', 'windows', 'linux', 'osx', '$schema', 'description',
]);

const runFields: Fields = {
  model: { check: text, required: true },
  data: { check: data, required: true },
  loss: { check: loss },
  optimizer: { check: optimizer },
  batchSize: { check: count },
  shuffle: { check: flag },
  dropout: { check: flag },
  seed: { check: whole },
  backend: { check: oneOf('auto', 'tensorflow', 'wasm', 'cpu') },
  convention: { check: oneOf('keras', 'tfjs', 'pytorch') },
  iterations: { check: count },
};

/**
 * The value as a RunConfig, without what only the editor needs. Loss and optimizer may be missing where the model file has them.
 * @throws Failure `config` with one sentence that names the attribute.
 */
export function validateRunConfig(value: unknown): RunConfig {
  if (!isRecord(value)) throw new Failure('config', `A run is described by a JSON object with at least "model" and "data", not by ${shown(value)}.`);
  const own = Object.fromEntries(Object.entries(value).filter(([name]) => !editorAttributes.has(name) && !name.startsWith('__')));
  const problem = fields(runFields, '', own);
  if (problem !== null) throw new Failure('config', problem);
  return own as unknown as RunConfig; // every field has just been checked against the table above
}
