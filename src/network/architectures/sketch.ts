/** Draws a network in code and gives it as Keras 3's own configuration, the text that `model.to_json()` writes. */
import type { Json, JsonObject } from '../network';

/** A tensor of the sketch: the output of a layer. */
export interface Wire { readonly layer: string; readonly channels: number }

interface Drawn { readonly name: string; readonly type: string; readonly config: JsonObject; readonly inputs: readonly Wire[]; readonly list: boolean }

/** Layers whose inputs come as one list. */
const merging = new Set(['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot']);

export class Sketch {
  readonly #layers: Drawn[] = [];
  readonly #counts = new Map<string, number>();

  constructor(readonly name: string) {}

  /** An input `[batch, …shape]`; null extents are open. */
  input(shape: readonly (number | null)[], name = 'input', dtype = 'float32'): Wire {
    this.#layers.push({ name, type: 'InputLayer', config: { name, batch_shape: [null, ...shape], dtype, sparse: false }, inputs: [], list: false });
    return { layer: name, channels: shape.at(-1) ?? 0 };
  }

  /** A layer on one or several wires; `config` in Keras's spelling. A name is made from the class when none is given. */
  layer(type: string, inputs: Wire | readonly Wire[], config: JsonObject = {}, name?: string): Wire {
    const wires: readonly Wire[] = 'layer' in inputs ? [inputs] : inputs;
    const number = (this.#counts.get(type) ?? 0) + 1;
    this.#counts.set(type, number);
    const own = name ?? `${type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()}_${number}`;
    this.#layers.push({ name: own, type, config: { name: own, trainable: true, dtype: 'float32', ...config }, inputs: wires, list: merging.has(type) });
    const units = config['filters'] ?? config['units'] ?? config['output_dim'];
    const channels = typeof units === 'number' ? units : type === 'Concatenate' ? wires.reduce((sum, wire) => sum + wire.channels, 0) : wires[0]?.channels ?? 0;
    return { layer: own, channels };
  }

  conv(x: Wire, filters: number, kernel: number | readonly [number, number], options: JsonObject = {}, name?: string): Wire {
    return this.layer('Conv2D', x, { filters, kernel_size: pair(kernel), strides: [1, 1], padding: 'same', dilation_rate: [1, 1], groups: 1, activation: 'linear', use_bias: true, ...options }, name);
  }

  dense(x: Wire, units: number, activation = 'linear', name?: string): Wire {
    return this.layer('Dense', x, { units, activation, use_bias: true }, name);
  }

  pool(kind: 'Max' | 'Average', x: Wire, size: number, strides = size, padding: 'valid' | 'same' = 'valid', name?: string): Wire {
    return this.layer(`${kind}Pooling2D`, x, { pool_size: pair(size), strides: pair(strides), padding }, name);
  }

  /** Convolution without bias, batch normalisation, activation: the unit of most networks since 2015. */
  convNorm(x: Wire, filters: number, kernel: number | readonly [number, number], name: string, options: JsonObject = {}, activation: string | null = 'relu'): Wire {
    const normal = this.norm(this.conv(x, filters, kernel, { use_bias: false, ...options }, `${name}_conv`), `${name}_bn`);
    return activation === null ? normal : this.layer('Activation', normal, { activation }, `${name}_${activation}`);
  }

  norm(x: Wire, name?: string): Wire {
    return this.layer('BatchNormalization', x, { axis: -1, momentum: 0.9, epsilon: 1e-5, center: true, scale: true }, name);
  }

  /** The whole as Keras writes it. */
  finish(outputs: Wire | readonly Wire[]): JsonObject {
    const ends: readonly Wire[] = 'layer' in outputs ? [outputs] : outputs;
    const triple = (name: string): Json => [name, 0, 0];
    const flat = (names: readonly string[]): Json => (names.length === 1 && names[0] !== undefined ? triple(names[0]) : names.map(triple));
    const tensor = (wire: Wire): Json => ({ class_name: '__keras_tensor__', config: { keras_history: triple(wire.layer) } });
    return {
      module: 'keras.src.models.functional', class_name: 'Functional', registered_name: 'Functional',
      config: {
        name: this.name, trainable: true,
        layers: this.#layers.map(({ name, type, config, inputs, list }) => ({
          module: 'keras.layers', class_name: type, config, registered_name: null, name,
          inbound_nodes: inputs.length === 0 ? [] : [{ args: list ? [inputs.map(tensor)] : inputs.map(tensor), kwargs: {} }],
        })),
        input_layers: flat(this.#layers.filter(({ type }) => type === 'InputLayer').map(({ name }) => name)),
        output_layers: flat(ends.map(({ layer }) => layer)),
      },
    };
  }
}

export const pair = (size: number | readonly [number, number]): Json => (typeof size === 'number' ? [size, size] : [...size]);
