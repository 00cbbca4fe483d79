/** Attributes of an op as settings of its layer. https://onnx.ai/onnx/repo-docs/IR.html */
import type { Json, JsonObject } from '../../network/network';
import { sizeOf } from '../../tensor/value';
import type { ProtoMessage } from '../containers/protobuf';
import { maximalHostSize } from './host-values';
import { tensorFrom } from './tensor';

/** Bytes of a list; longer ones are no settings. */
const longestList = 4 * 2 ** 20;

/** The shortest decimal that is the same float32 again. */
function shortest(value: number): number {
  for (let digits = 6; digits <= 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** Types of AttributeProto: 1 float, 2 integer, 3 text, 4 tensor, 5 graph, then lists of them. */
async function attributeValue(attribute: ProtoMessage, path: string): Promise<Json> {
  const type = attribute.int(20);
  if (!attribute.has(5) && !attribute.has(6) && attribute.bytes.length > longestList) return null;
  if (type === 1 || (type === 0 && attribute.has(2))) return shortest(attribute.float(2));
  if (type === 2 || (type === 0 && attribute.has(3))) return attribute.int(3);
  if (type === 3 || (type === 0 && attribute.has(4))) return attribute.text(4);
  if (attribute.has(5)) return tensorValue(attribute.message(5), path);
  if (attribute.has(7) || type === 6) return attribute.floats(7).map(shortest);
  if (attribute.has(8) || type === 7) return attribute.ints(8);
  if (attribute.has(9)) return attribute.texts(9);
  if (attribute.has(6)) return `a graph of ${attribute.message(6).datas(1).length} ops`;
  return null;
}

/** A small tensor as `{dtype, shape, data}`; null when it is large or holds no numbers. */
async function tensorValue(message: ProtoMessage, path: string): Promise<Json> {
  const tensor = tensorFrom(message, message.label, path, () => Promise.resolve(message));
  if (tensor.type === null || sizeOf(tensor.shape) > maximalHostSize) return null;
  const { dtype, shape, data } = await tensor.read();
  return { dtype, shape, data: [...data].map(Number) };
}

/** All attributes by name. */
export async function attributesOf(attributes: readonly (readonly [name: string, value: ProtoMessage])[], path: string): Promise<JsonObject> {
  const entries: [string, Json][] = [];
  for (const [name, attribute] of attributes) {
    const value = await attributeValue(attribute, path);
    if (value !== null && name !== '__proto__') entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

/** What the defaults of older opsets mean, written out. */
export function settled(type: string, config: JsonObject, opset: number): JsonObject {
  const axis = config.axis ?? 1;
  // Until opset 12 the softmax runs over this axis and all behind it together.
  if (/^(Softmax|LogSoftmax|Hardmax)$/.test(type) && opset < 13) return { ...config, axis, flattened: 1 };
  // Until opset 15 places of regions are not moved by half a pixel.
  if (type === 'RoiAlign' && opset < 16) return { ...config, coordinate_transformation_mode: 'output_half_pixel' };
  if (type === 'Upsample' || (type === 'Resize' && opset < 11)) return { ...config, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return config;
}
