/** The text of an exported listing: a JavaScript module for plain Node, with one small function for each kernel used. */
import type { BackendName } from '../../engine/config';
import { formOf } from '../expression';
import type { Trace } from '../../engine/trace';
import { callForms } from '../calls';
import type { CallForm } from '../calls';
import { literal, quoted } from '../literal';
import type { Listing } from '../listing';

/** What the program checks its own results against. */
export interface Recorded { readonly loss: number; readonly gradients: Readonly<Record<string, string>> }

export interface ProgramParts {
  readonly trace: Trace;
  readonly listing: Listing;
  /** Name of the program without `.mjs`; its files share it. */
  readonly name: string;
  readonly backend: BackendName;
  /** Names of the variables that come from the file of tensors. */
  readonly given: readonly string[];
  /** Variables of whole gradients of weights and inputs. */
  readonly gradients: readonly string[];
  /** Whether `<name>.kernels.cjs` stands beside it. */
  readonly kernels: boolean;
  readonly recorded: Recorded;
}

const version = '4.22.0';

const packages: Readonly<Record<BackendName, readonly string[]>> = {
  cpu: ['@tensorflow/tfjs'],
  wasm: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  tensorflow: ['@tensorflow/tfjs-node'],
};

/** Module specifiers are the exporter's own; the variables in the text are identifiers by construction. */
export function programText(parts: ProgramParts): string {
  const { listing, name, backend, given, gradients, kernels, recorded } = parts;
  const [title = '', ...body] = listing.text.trimEnd().split('\n');
  const [main = '', ...more] = packages[backend];
  const install = packages[backend].map((entry) => `${entry}@${version}`).join(' ');
  return `${title}
// Exported by Backstep. Runs on plain TensorFlow.js: npm install ${install}; node ${quoted(`${name}.mjs`)}
// It prints the loss and the gradients, and whether they are, bit for bit, those that were recorded. --json prints them as JSON.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tf from '${main}';
${more.map((entry) => `import '${entry}';\n`).join('')}${kernels ? `// Kernels that TensorFlow.js lacks or gets wrong on ${backend}, as the recorded run used them.\nimport own from ${quoted(`./${encodeURIComponent(name)}.kernels.cjs`)};\n` : ''}
// ── one function for each kernel used ──
const asTensor = (value) => (typeof value === 'number' ? tf.scalar(value, 'float32') : typeof value === 'boolean' ? tf.scalar(value, 'bool') : value);
const run = (name, inputs, attributes) => {
  const tensors = Array.isArray(inputs) ? inputs.map(asTensor) : Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, asTensor(value)]));
  return tf.engine().runKernel(name, tensors, attributes);
};
const one = (result) => (Array.isArray(result) && result.length === 1 ? result[0] : result);
const many = (result) => (Array.isArray(result) ? result : [result]);
const int32 = (value) => tf.scalar(value, 'int32');
const kernel = (name, inputs, attributes = {}) => one(run(name, Object.keys(inputs).every((key) => /^\\d+$/.test(key)) && Object.keys(inputs).length > 0 ? Object.values(inputs) : inputs, attributes));
${preludeOf(parts.trace).join('\n')}

function iteration({ ${given.join(', ')} }) {
${body.map((line) => (line === '' ? '' : `  ${line}`)).join('\n').replace(/^\n/, '')}

  return { loss: ${listing.names.get(parts.trace.lossTensor) ?? 'undefined'}, gradients: { ${gradients.join(', ')} } };
}

// ── the tensors that the iteration started from ──
const file = readFileSync(new URL(${quoted(`./${encodeURIComponent(name)}.safetensors`)}, import.meta.url));
const start = 8 + Number(file.readBigUInt64LE(0));
const types = { F32: ['float32', Float32Array], I32: ['int32', Int32Array], BOOL: ['bool', Uint8Array] };
const read = () => Object.fromEntries(Object.entries(JSON.parse(file.toString('utf8', 8, start))).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
  const [type, Elements] = types[dtype];
  return [name, tf.tensor(new Elements(new Uint8Array(file.subarray(start + from, start + to)).buffer), shape, type)];
}));

// ── run it ──
${kernels ? `own.makeKernelsGood('${backend}');\n` : ''}await tf.setBackend('${backend}');
await tf.ready();
const recorded = ${literal({ loss: recorded.loss, gradients: { ...recorded.gradients } })};
const { loss, gradients } = iteration(read());
const checksum = (tensor) => createHash('sha256').update(new Uint8Array(Float32Array.from(tensor.dataSync()).buffer)).digest('hex');
const result = {
  backend: tf.getBackend(),
  loss: loss.dataSync()[0],
  gradients: Object.fromEntries(Object.entries(gradients).map(([name, tensor]) => [name, { shape: tensor.shape, norm: tf.norm(tensor).dataSync()[0], sha256: checksum(tensor) }])),
};
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  const said = (same) => (same ? 'as recorded' : 'differs from the recorded run');
  console.log(\`loss \${result.loss}  \${said(Object.is(result.loss, recorded.loss))}\`);
  for (const [name, { shape, norm, sha256 }] of Object.entries(result.gradients)) console.log(\`\${name} [\${shape}]  norm \${norm}  \${said(sha256 === recorded.gradients[name])}\`);
}
`;
}

/** One line for each short function that the listing calls. */
export function preludeOf(trace: Trace): string[] {
  const kernels = new Set<string>();
  for (const op of trace.ops) if (!kernels.has(op.kernel) && formOf(op) !== null) kernels.add(op.kernel);
  return [...kernels].sort().flatMap((kernel) => {
    const form = callForms.get(kernel);
    return form === undefined ? [] : [functionOf(kernel, form)];
  });
}

function functionOf(kernel: string, form: CallForm): string {
  const inputs = form.variadic ? ['tensors'] : form.inputs.map(({ name }) => name);
  const attributes = form.attributes.map(({ name, default: usual }) => (usual === undefined ? name : `${name} = ${literal(usual)}`));
  const names = form.attributes.map(({ name }) => name);
  const given = form.variadic ? 'tensors' : inputs.length === 0 ? '{}' : `{ ${inputs.join(', ')} }`;
  return `const ${form.name} = (${[...inputs, ...attributes].join(', ')}) => ${form.multiple ? 'many' : 'one'}(run(${quoted(kernel)}, ${given}, ${names.length === 0 ? '{}' : `{ ${names.join(', ')} }`}));`;
}
