/** Loops and branches by format and type. */
import type { ControlFlow } from './control-flow';
import { kerasControlFlow } from './keras';
import { onnxControlFlow } from './onnx';
import { tensorflowControlFlow } from './tensorflow';
import { tfliteControlFlow } from './tflite';

const tables: Readonly<Record<string, Readonly<Record<string, ControlFlow>>>> = { onnx: onnxControlFlow, tflite: tfliteControlFlow, 'tfjs-graph': tensorflowControlFlow, 'saved-model': tensorflowControlFlow, 'tensorflow-graph': tensorflowControlFlow };

/** How a loop or branch of a format runs the networks inside it; undefined for layers that are none. */
export function controlFlowOf(type: string, format: string): ControlFlow | undefined {
  const table = Object.hasOwn(tables, format) ? tables[format] : kerasControlFlow;
  return table !== undefined && Object.hasOwn(table, type) ? table[type] : undefined;
}
