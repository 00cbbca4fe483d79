/** Type-checks a listing with the TypeScript compiler against declarations of everything that it uses and does not declare. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type typescript from 'typescript';
import type { Trace } from '../../../src/engine/trace';
import { callForms } from '../../../src/listing/calls';
import type { Listing } from '../../../src/listing/listing';

// Loaded at run time: bundled, the compiler would not find its own library files.
const ts = createRequire(path.join(process.cwd(), 'package.json'))('typescript') as typeof typescript;

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'number | readonly unknown[]' : value === undefined || value === null ? 'unknown' : typeof value);

/** Declarations of the kernels' functions, independent of how a call is written: from the table of forms. */
export function declarations(): string {
  const functions = [...callForms.values()].map((form) => {
    const inputs = form.variadic ? ['tensors: readonly Value[]'] : form.inputs.map(({ name, optional }) => `${name}_: Value${optional ? ' | undefined' : ''}`);
    const firstOptional = form.inputs.findIndex(({ optional }) => optional);
    const withMarks = form.attributes.some(({ required }) => required) || firstOptional < 0 ? inputs : inputs.map((input, i) => (i >= firstOptional ? input.replace('_:', '_?:') : input));
    const attributes = form.attributes.map((attribute) => `${attribute.name}_${attribute.required ? '' : '?'}: ${attribute.required ? 'unknown' : typeOf(attribute.default)}`);
    return `declare function ${form.name}(${[...withMarks, ...attributes].join(', ')}): ${form.multiple ? 'Tensor[]' : 'Tensor'};`;
  });
  return ['interface Tensor { readonly shape: readonly number[] }', 'type Value = Tensor | number | boolean;', 'declare function kernel(name: string, inputs: Record<string, Value>, attributes?: object): any;', 'declare function int32(value: number): Tensor;', ...new Set(functions)].join('\n');
}

/** Errors of the compiler, as `line: message`; none for a good listing. */
export function typeErrors(listing: Listing, trace: Trace): string[] {
  const given = new Set([...trace.tensors.values()].filter(({ writer }) => writer < 0).flatMap(({ id }) => listing.names.get(id) ?? []));
  const prelude = `${declarations()}\n${[...given].map((name) => `declare const ${name}: Tensor;`).join('\n')}\n`;
  const files: Record<string, string> = { '/prelude.d.ts': prelude, '/listing.ts': `${listing.text}export {};\n` };
  const options: typescript.CompilerOptions = { strict: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, noEmit: true, lib: ['lib.es2022.d.ts'], types: [] };
  const standard = ts.createCompilerHost(options);
  const host: typescript.CompilerHost = {
    ...standard,
    getSourceFile: (name, version) => { const text = files[name]; return text === undefined ? standard.getSourceFile(name, version) : ts.createSourceFile(name, text, version); },
    fileExists: (name) => name in files || standard.fileExists(name),
    readFile: (name) => files[name] ?? standard.readFile(name),
    getDefaultLibFileName: () => ts.getDefaultLibFilePath(options),
    getDefaultLibLocation: () => ts.getDefaultLibFilePath(options).replace(/[^/\\]+$/, ''),
  };
  const program = ts.createProgram(Object.keys(files), options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const line = diagnostic.file === undefined ? 0 : diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1;
    return `${diagnostic.file?.fileName ?? ''}:${line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`;
  });
}
