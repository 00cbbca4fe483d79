/** What the network knows about a class of layers: one entry of the table gives shapes, weights, cost. */
import { Failure } from '../../tensor/failure';
import type { DType } from '../../tensor/value';
import type { Argument, Json, JsonObject, SymbolicShape, Weight } from '../network';

/** A weight as its layer declares it. */
export interface WeightSpec extends Omit<Weight, 'key'> {
  /** Where Keras archives keep it below the layer's group: '' for `vars/…`, `cell` for `cell/vars/…`. */
  readonly home: string;
  /** How many variables that are no weights of the layer stand before it in its home. */
  readonly behind?: number;
}

/** The shapes that one call of a layer sees. */
export interface CallShapes {
  /** Shapes of all tensors among the positional arguments, in order. */
  readonly inputs: readonly SymbolicShape[];
  readonly args: readonly Argument[];
  readonly kwargs: Readonly<Record<string, Argument>>;
  /** Shapes of the tensors inside one argument, in order. */
  shapesIn(argument: Argument | undefined): readonly SymbolicShape[];
}

export interface LayerKind {
  /** One shape an output, batch first. @throws Failure with the reason when settings and inputs do not fit. */
  readonly outputs: (settings: Settings, call: CallShapes) => readonly SymbolicShape[];
  /** In Keras's order: trainable ones first, then moving statistics. */
  readonly weights?: (settings: Settings, call: CallShapes) => readonly WeightSpec[];
  /** Multiply-adds of one example, of products with weights or between activations; elementwise work counts 0. Null when an extent is unknown. */
  readonly macs?: (settings: Settings, call: CallShapes, outputs: readonly SymbolicShape[]) => number | null;
  /** A few words after the class name: `6@5×5 same`. */
  readonly detail?: (settings: Settings) => string;
  /** True when the class is known by name and shape but cannot run (a Lambda): its reason. */
  readonly refused?: string;
}

export type KindTable = Readonly<Record<string, LayerKind>>;

/** Typed access to a layer's settings; a setting of the wrong type is a Failure that names it. */
export class Settings {
  constructor(readonly config: JsonObject) {}

  private wrong(key: string, wanted: string): Failure {
    return new Failure('layer.setting', `its setting ${key} should be ${wanted}, not ${JSON.stringify(this.config[key])?.slice(0, 80) ?? 'absent'}`);
  }

  /** A finite number; without a fallback it must be there. */
  number(key: string, fallback?: number): number {
    const value = this.config[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(key, 'a number');
    return value;
  }

  /** A number of units, filters, …: a whole number of at least 0. */
  count(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    if (!Number.isSafeInteger(value) || value < 0) throw this.wrong(key, 'a whole number');
    return value;
  }

  text(key: string, fallback: string): string {
    const value = this.config[key] ?? fallback;
    if (typeof value !== 'string') throw this.wrong(key, 'a text');
    return value;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.config[key] ?? fallback;
    if (typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  has(key: string): boolean {
    return this.config[key] !== undefined && this.config[key] !== null;
  }

  /** A list of whole numbers, or one number that stands for `rank` equal ones. */
  counts(key: string, rank: number, fallback?: number): readonly number[] {
    const value = this.config[key] ?? fallback;
    if (typeof value === 'number') return new Array<number>(rank).fill(this.count(key, fallback));
    const list = this.list(key);
    if (list.length !== rank || list.some((item) => item < 0)) throw this.wrong(key, `${rank} whole numbers`);
    return list;
  }

  /** A list of whole numbers (negative ones too); a single number is a list of one. */
  list(key: string): readonly number[] {
    const value = this.config[key];
    const items: readonly Json[] = Array.isArray(value) ? value : [value ?? null];
    return items.map((item) => {
      if (typeof item !== 'number' || !Number.isSafeInteger(item)) throw this.wrong(key, 'whole numbers');
      return item;
    });
  }

  object(key: string): JsonObject | null {
    const value = this.config[key];
    return isObject(value) ? value : null;
  }

  /** `{class_name, config}` of a setting such as `kernel_initializer`; a bare name is accepted. */
  initializer(key: string, fallback: string): JsonObject {
    const value = this.config[key] ?? fallback;
    if (typeof value === 'string') return { class_name: pascalCase(value), config: {} };
    if (isObject(value) && typeof value.class_name === 'string') return { class_name: value.class_name, config: isObject(value.config) ? value.config : {} };
    throw this.wrong(key, 'an initializer');
  }

  get channelsFirst(): boolean {
    return this.text('data_format', 'channels_last') === 'channels_first';
  }
}

/** True for a JSON record, not a list or null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `glorot_uniform` as `GlorotUniform`. */
function pascalCase(name: string): string {
  return name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

interface WeightOptions { readonly trainable?: boolean; readonly home?: string; readonly dtype?: DType }

/** One weight of a layer. */
export function weight(name: string, shape: readonly number[], initializer: JsonObject | null, options: WeightOptions = {}): WeightSpec {
  return { name, shape, dtype: options.dtype ?? 'float32', trainable: options.trainable ?? true, initializer, home: options.home ?? '' };
}

/** The only input of a layer. @throws Failure when it has none. */
export function inputOf(call: CallShapes): SymbolicShape {
  const [first] = call.inputs;
  if (first === undefined) throw new Failure('layer.input', 'it has no input');
  return first;
}

/** Input with `rank` axes (batch included). */
export function inputOfRank(call: CallShapes, rank: number): SymbolicShape {
  const shape = inputOf(call);
  if (shape.length !== rank) throw new Failure('layer.rank', `it needs an input with ${rank} axes and gets ${describeShape(shape)}`);
  return shape;
}

/** Extent of `axis` (may be negative) that a weight's shape needs. @throws Failure when it is unknown. */
export function knownExtent(shape: SymbolicShape, axis: number): number {
  const extent = shape[axis < 0 ? axis + shape.length : axis];
  if (extent === undefined || extent === null) throw new Failure('layer.extent', `axis ${axis} of its input ${describeShape(shape)} is not known`);
  return extent;
}

/** Product of extents; null when one of them is unknown. */
export function product(extents: SymbolicShape): number | null {
  let result = 1;
  for (const extent of extents) {
    if (extent === null) return null;
    result *= extent;
  }
  return result;
}

/** `factor` times a size that may be unknown. */
export function times(size: number | null, factor: number): number | null {
  return size === null ? null : size * factor;
}

/** `(None, 28, 28, 1)` as Keras writes it. */
export function describeShape(shape: SymbolicShape): string {
  return `(${shape.map((extent) => extent ?? 'None').join(', ')}${shape.length === 1 ? ',' : ''})`;
}

/** `5×5`; equal settings are written in full, because that is what people compare. */
export function cross(extents: readonly number[]): string {
  return extents.join('×');
}

/** A kind whose output looks like its input. */
export const elementwise: LayerKind = { outputs: (_, call) => [inputOf(call)] };
