// The one build script: `node esbuild.mjs [--production] [--tests[=suite/part]] [--watch]` fills dist/, or the folder
// named by BACKSTEP_DIST. `--tests=unit/formats` builds only the suite `unit`, of it only files whose path
// holds `formats`, and no product.
import { build, context } from 'esbuild';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const flags = new Set(process.argv.slice(2));
const production = flags.has('--production');
const withTests = process.argv.slice(2).some((flag) => flag === '--tests' || flag.startsWith('--tests='));
const wanted = process.argv.slice(2).find((flag) => flag.startsWith('--tests='))?.slice('--tests='.length);
const dist = path.resolve(process.env.BACKSTEP_DIST ?? path.join(root, 'dist'));
const at = (...parts) => path.join(root, ...parts);
const require = createRequire(import.meta.url);

/** Grammars (*.peggy) become parsers while bundling. */
const grammars = {
  name: 'grammars',
  setup(builder) {
    builder.onLoad({ filter: /\.peggy$/ }, async ({ path: file }) => {
      const { readFile } = await import('node:fs/promises');
      const { default: peggy } = await import('peggy');
      return { contents: peggy.generate(await readFile(file, 'utf8'), { output: 'source', format: 'es' }), loader: 'js' };
    });
  },
};

/**
 * TensorFlow.js packages resolve to their ES modules, so that deep imports (gradients, chained ops) and the backends share the
 * one tfjs-core of a bundle; their CommonJS builds would bring a second copy.
 */
const tensorflow = {
  name: 'tensorflow',
  setup(builder) {
    builder.onResolve({ filter: /^@tensorflow\/tfjs(-core|-layers|-converter|-data|-backend-cpu|-backend-wasm|-backend-webgl)?$/ }, ({ path: name }) => {
      const manifest = require.resolve(`${name}/package.json`);
      return { path: path.join(path.dirname(manifest), require(manifest).module) };
    });
  },
};

/** `./probe.text` is the bundled, minified text of `probe.ts`: code that is sent to a paused program. */
const sources = {
  name: 'sources',
  setup(builder) {
    builder.onResolve({ filter: /\.text$/ }, ({ path: name, resolveDir }) => ({ path: path.resolve(resolveDir, name.replace(/\.text$/, '.ts')), namespace: 'source' }));
    builder.onLoad({ filter: /.*/, namespace: 'source' }, async ({ path: file }) => {
      const { outputFiles } = await build({ entryPoints: [file], bundle: true, write: false, minify: true, format: 'iife', globalName: 'module', target: 'es2020', logLevel: 'warning' });
      return { contents: outputFiles[0].text, loader: 'text' };
    });
  },
};

/** The extension's heavy half stays a file of its own, read when it is first imported. */
const apart = {
  name: 'apart',
  setup(builder) {
    builder.initialOptions.supported = { 'dynamic-import': false };
    builder.onResolve({ filter: /\/core$/ }, ({ kind }) => (kind === 'dynamic-import' ? { path: './core.js', external: true } : undefined));
  },
};

/** Kernels beside an exported listing work on the TensorFlow.js that is installed there. */
const plain = {
  name: 'plain',
  setup(builder) {
    builder.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({ path: '@tensorflow/tfjs', external: true }));
    builder.onResolve({ filter: /^@tensorflow\/tfjs-backend-wasm$/ }, ({ path: name }) => ({ path: name, external: true, sideEffects: false }));
  },
};

const common = {
  bundle: true,
  sourcemap: production ? false : 'linked',
  minify: production,
  logLevel: 'warning',
  absWorkingDir: root,
  plugins: [grammars, sources, tensorflow],
  loader: { '.py': 'text' },
  define: {
    'process.env.NODE_ENV': JSON.stringify(production ? 'production' : 'development'),
    // Bundles of a checkout find the native backend in its node_modules, wherever BACKSTEP_DIST put them.
    'process.env.BACKSTEP_CHECKOUT': JSON.stringify(production ? '' : root),
  },
};
const host = {
  ...common,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // The native backend is optional and found at run time; vscode exists only inside VS Code.
  external: ['vscode', '@tensorflow/tfjs-node', 'playwright-core', 'mocha'],
};

/** A suite is one bundle: every `*.test.ts` below its folder, so that modules (and TensorFlow.js's registry) exist once. */
async function suite(name, options = {}) {
  const folder = at('test', name);
  if (!existsSync(folder)) return [];
  const part = wanted?.split('/').slice(1).join('/') ?? '';
  const bench = name === 'bench';
  const files = (await readdir(folder, { recursive: true })).filter((file) => (bench ? /\.bench\.ts$/ : /\.test\.tsx?$/).test(file) && file.includes(part)).sort();
  if (files.length === 0) return [];
  const imports = files.map((file, index) => `import ${bench ? `* as bench${index} from ` : ''}${JSON.stringify('./' + file.split(path.sep).join('/'))};`);
  if (bench) imports.push(`import { run } from './table';`, `run([${files.map((_, index) => `bench${index}`).join(', ')}]);`);
  const contents = imports.join('\n');
  return [{ ...host, ...options, stdin: { contents, resolveDir: folder, sourcefile: `${name}.ts`, loader: 'ts' }, outfile: path.join(dist, `test-${name}.js`) }];
}

async function bundles() {
  const list = [
    { ...host, entryPoints: [at('src/extension.ts')], outfile: path.join(dist, 'extension.js'), plugins: [...common.plugins, apart] },
    { ...host, entryPoints: [at('src/core.ts')], outfile: path.join(dist, 'core.js') },
    { ...host, entryPoints: [at('src/listing/export/kernels-module.ts')], outfile: path.join(dist, 'kernels.cjs'), plugins: [plain], sourcemap: false },
    // The thread that reads HDF5 files; every bundle that opens models looks for it beside itself.
    { ...host, entryPoints: [at('src/formats/containers/hdf5-worker.ts')], outfile: path.join(dist, 'hdf5-worker.js'), sourcemap: false },
    { ...host, entryPoints: [at('src/cli/main.ts')], outfile: path.join(dist, 'backstep.js'), banner: { js: '#!/usr/bin/env node' } },
    {
      ...common, platform: 'browser', target: 'es2022', format: 'esm', jsx: 'automatic', jsxImportSource: 'preact',
      entryPoints: [at('webview/main.tsx')], outfile: path.join(dist, 'webview.js'),
      loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty' }, assetNames: 'fonts/[name]',
    },
  ].filter(({ entryPoints: [entry] }) => existsSync(entry));
  if (!withTests) return list;
  const partOnly = wanted?.includes('/') ?? false;
  // What a part of a suite reads beside its own bundle: the webview only where a browser shows it.
  const partNeeds = /^(webview|bench)\//.test(wanted ?? '') ? /(kernels\.cjs|hdf5-worker\.js|webview\.js)$/ : /(kernels\.cjs|hdf5-worker\.js)$/;
  const names = ['unit', 'dap', 'webview', 'host', 'browser', 'bench', 'fuzz'].filter((name) => wanted === undefined || wanted.split('/')[0] === name);
  const suites = await Promise.all(names.map((name) => suite(name, { jsx: 'automatic', jsxImportSource: 'preact' })));
  // The fuzzer opens files in a process of its own, and runs by itself too.
  if (names.includes('fuzz')) suites.push(['child', 'main'].map((name) => ({ ...host, entryPoints: [at(`test/fuzz/${name}.ts`)], outfile: path.join(dist, name === 'main' ? 'fuzz.js' : 'fuzz-child.js') })));
  // What the bench measures inside VS Code, beside its debugger.
  if (names.includes('bench')) suites.push([{ ...host, entryPoints: [at('test/bench/in-debugger.ts')], outfile: path.join(dist, 'bench-in-debugger.js') }]);
  return [...(partOnly ? list.filter(({ outfile }) => partNeeds.test(outfile)) : list), ...suites.flat()];
}

/** Files that bundles read at run time: the WASM backend's binaries and our kernels for it. */
async function assets() {
  const wasm = path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
  await mkdir(path.join(dist, 'wasm'), { recursive: true });
  for (const file of await readdir(wasm)) {
    if (file.endsWith('.wasm')) await cp(path.join(wasm, file), path.join(dist, 'wasm', file));
  }
  // Our own kernels: AssemblyScript, into the same folder, sharing the backend's memory (hence imported, and no data of their own).
  const { default: asc } = await import('assemblyscript/asc');
  const { error, stderr } = await asc.main([
    at('src/engine/kernels/assembly/index.ts'), '--outFile', path.join(dist, 'wasm', 'backstep-kernels.wasm'), '--optimizeLevel', '3', '--converge',
    '--runtime', 'stub', '--importMemory', '--noExportMemory', '--enable', 'simd', '--use', 'abort=', '--noAssert',
  ]);
  if (error) throw new Error(`The WebAssembly kernels do not compile.\n${stderr.toString()}`);
}

if (!flags.has('--watch')) await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await assets();
const list = await bundles();
if (flags.has('--watch')) {
  for (const options of list) await (await context(options)).watch();
  console.log('watching');
} else {
  await Promise.all(list.map((options) => build(options)));
}
