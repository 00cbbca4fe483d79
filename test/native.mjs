// `npm run setup:native`: makes the optional native backend (@tensorflow/tfjs-node) work without its vendor's download.
// Its binding is compiled against the headers and shared libraries inside the wheel `tensorflow-cpu` from the Python package index.
// Quick when the binding already loads; downloads stay in .native/. Ends with one sentence, and status 1 when something is missing.
import { spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, lstatSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { installPackages, root, run } from './install.mjs';

const version = '2.21.0';
const napi = 8;
const wheelTags = { 'linux-x64': ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--platform', 'manylinux_2_27_x86_64'] };
const cache = path.join(root, '.native');
const packageFolder = path.join(root, 'node_modules/@tensorflow/tfjs-node');
const library = path.join(cache, `tensorflow-${version}`);
const binding = path.join(packageFolder, `lib/napi-v${napi}/tfjs_binding.node`);
const quiet = path.join(path.dirname(binding), 'backstep-quiet.node');

/** A reason that ends the set-up; shown alone, without a stack trace. */
class Missing extends Error {}

/** Loads the binding in a process of its own and asks TensorFlow for its version; undefined when it does not load. */
function loadedVersion() {
  if (!existsSync(binding)) return undefined;
  const script = `process.stdout.write('version ' + require(${JSON.stringify(binding)}).TF_Version)`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } });
  return status === 0 ? /version (\S+)/.exec(stdout)?.[1] : undefined;
}

/** npm leaves an optional package out when its install script failed; without scripts it stays. */
function ensurePackage() {
  installPackages();
  if (!existsSync(path.join(packageFolder, 'binding.gyp'))) {
    run('npm', ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--include=optional']);
  }
  if (!existsSync(path.join(packageFolder, 'binding.gyp'))) throw new Missing('npm could not install the package @tensorflow/tfjs-node.');
}

const firstThatRuns = (commands) => commands.find((command) => command && spawnSync(command, ['--version']).status === 0);

/** The wheel: one given in BACKSTEP_TENSORFLOW_WHEEL, one downloaded before, or a fresh download by pip. */
function ensureWheel(tags) {
  const given = process.env.BACKSTEP_TENSORFLOW_WHEEL;
  if (given) {
    if (!existsSync(given)) throw new Missing(`BACKSTEP_TENSORFLOW_WHEEL names ${given}, which does not exist.`);
    return given;
  }
  const find = () => readdirSync(cache).find((name) => name.startsWith(`tensorflow_cpu-${version}-`) && name.endsWith('.whl'));
  if (!find()) {
    const python = firstThatRuns(['python3', 'python']);
    if (!python || spawnSync(python, ['-m', 'pip', '--version']).status !== 0) throw new Missing('Python 3 with pip is needed to download the TensorFlow wheel; install it (Debian: apt-get install python3-pip) and try again.');
    console.log(`Downloading tensorflow-cpu ${version} (260 MB) …`);
    const fresh = path.join(cache, 'download');
    rmSync(fresh, { recursive: true, force: true });
    const { status } = spawnSync(python, ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-input', '--quiet', ...tags, '--dest', fresh, `tensorflow-cpu==${version}`], { stdio: 'inherit' });
    if (status !== 0) throw new Missing(`pip could not download tensorflow-cpu ${version}; the message above says why.`);
    for (const name of readdirSync(fresh)) renameSync(path.join(fresh, name), path.join(cache, name));
    rmSync(fresh, { recursive: true, force: true });
  }
  const name = find();
  if (!name) throw new Missing(`pip downloaded no wheel of tensorflow-cpu ${version}.`);
  return path.join(cache, name);
}

/** Where a file of the wheel belongs: the C headers under include/, the two libraries under lib/, the rest nowhere. */
function placeOf(name) {
  if (name.endsWith('/')) return undefined;
  if (/^tensorflow\/include\/(tensorflow\/c|tensorflow\/core\/platform|xla|tsl|absl)\//.test(name)) return name.slice('tensorflow/'.length);
  if (/^tensorflow\/libtensorflow(_cc|_framework)\.so\.2$/.test(name)) return `lib/${path.basename(name)}`;
  return undefined;
}

async function unpack(wheel) {
  const { open } = createRequire(import.meta.url)('yauzl');
  const fresh = `${library}.unpacking`;
  rmSync(fresh, { recursive: true, force: true });
  console.log('Unpacking the headers and the shared libraries …');
  await new Promise((resolve, reject) => open(wheel, { lazyEntries: true }, (error, zip) => {
    if (error) { reject(new Missing(`${wheel} is not a readable wheel (${error.message}); delete it and try again.`)); return; }
    zip.on('error', reject).on('end', resolve).on('entry', (entry) => {
      const place = placeOf(entry.fileName);
      if (place === undefined) { zip.readEntry(); return; }
      const target = path.join(fresh, place);
      mkdirSync(path.dirname(target), { recursive: true });
      zip.openReadStream(entry, (problem, stream) => {
        if (problem) { reject(problem); return; }
        pipeline(stream, createWriteStream(target, { mode: 0o644 })).then(() => zip.readEntry(), reject);
      });
    });
    zip.readEntry();
  }));
  // The names that the binding is linked with; at run time the loader asks for the versioned ones.
  for (const [link, target] of [['libtensorflow.so', 'libtensorflow_cc.so.2'], ['libtensorflow.so.2', 'libtensorflow_cc.so.2'], ['libtensorflow_framework.so', 'libtensorflow_framework.so.2']]) {
    if (!existsSync(path.join(fresh, 'lib', target))) throw new Missing(`The wheel ${path.basename(wheel)} holds no ${target}.`);
    symlinkSync(target, path.join(fresh, 'lib', link));
  }
  renameSync(fresh, library);
}

function build() {
  if (!firstThatRuns([process.env.CXX, 'c++', 'g++', 'clang++']) || !firstThatRuns(['make'])) throw new Missing('A C++ compiler and make are needed to build the binding; install them (Debian: apt-get install g++ make) and try again.');
  if (!firstThatRuns([process.env.npm_config_python, 'python3', 'python'])) throw new Missing('Python 3 is needed by node-gyp to build the binding; install it and try again.');
  const deps = path.join(packageFolder, 'deps');
  if (lstatSync(deps, { throwIfNoEntry: false })) rmSync(deps, { recursive: true, force: true });
  symlinkSync(library, deps, 'dir');
  const headers = path.dirname(path.dirname(process.execPath));
  const nodedir = existsSync(path.join(headers, 'include/node/node_api.h')) ? [`--nodedir=${headers}`] : [];
  // npm names its own node-gyp to the scripts that it runs.
  const gyp = process.env.npm_config_node_gyp;
  const command = gyp && existsSync(gyp) ? [process.execPath, gyp] : ['npx', '--yes', 'node-gyp@12.1.0'];
  console.log('Compiling the binding …');
  const args = ['rebuild', '--loglevel=error', ...nodedir, '--module_name=tfjs_binding', `--module_path=${path.dirname(binding)}`, `--napi_build_version=${napi}`];
  const { status, stdout, stderr } = spawnSync(command[0], [...command.slice(1), ...args], { cwd: packageFolder, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (status !== 0) {
    console.error(`${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-30).join('\n'));
    throw new Missing('node-gyp could not build the binding; its last lines stand above.');
  }
  rmSync(path.join(packageFolder, 'build'), { recursive: true, force: true });
}

/**
 * A small file beside the binding that loads TensorFlow's framework library first. That library writes two lines of information
 * to the standard error stream while it loads, before any setting that it reads; they go nowhere, and its log is turned down to errors.
 */
function buildQuiet() {
  const source = path.join(cache, 'quiet.cc');
  writeFileSync(source, `
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
#include <string>
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void*>(&napi_register_module_v1), &self)) return exports;
  const std::string folder = std::string(self.dli_fname).substr(0, std::string(self.dli_fname).rfind('/'));
  const int saved = dup(2), nowhere = open("/dev/null", O_WRONLY);
  if (saved >= 0 && nowhere >= 0) dup2(nowhere, 2);
  void* library = dlopen((folder + "/../../deps/lib/libtensorflow_framework.so.2").c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (saved >= 0) { dup2(saved, 2); close(saved); }
  if (nowhere >= 0) close(nowhere);
  // absl::SetMinLogLevel(absl::LogSeverityAtLeast::kError) of the Abseil release in this TensorFlow
  if (library) {
    if (void* level = dlsym(library, "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE")) reinterpret_cast<void (*)(int)>(level)(2);
  }
  return exports;
}
`);
  const compiler = firstThatRuns([process.env.CXX, 'c++', 'g++', 'clang++']);
  const { status, stderr } = spawnSync(compiler, ['-shared', '-fPIC', '-O1', source, '-o', quiet, '-ldl'], { encoding: 'utf8' });
  if (status !== 0) console.error(`TensorFlow's messages cannot be turned down (${stderr.split('\n')[0]}); everything else works.`);
}

async function main() {
  const before = existsSync(quiet) ? loadedVersion() : undefined;
  if (before) return `The native backend is ready (TensorFlow ${before}).`;
  const tags = wheelTags[`${process.platform}-${process.arch}`];
  if (!tags) throw new Missing(`There is no recipe for ${process.platform} on ${process.arch}; run "npm rebuild @tensorflow/tfjs-node", which downloads its vendor's build. Backstep works without it, on the wasm backend.`);
  ensurePackage();
  mkdirSync(cache, { recursive: true });
  if (!existsSync(path.join(library, 'lib'))) await unpack(ensureWheel(tags));
  build();
  buildQuiet();
  const after = loadedVersion();
  if (!after) throw new Missing(`The binding was built but does not load; delete ${path.relative(root, cache)} and try again.`);
  return `The native backend is ready (TensorFlow ${after}).`;
}

try {
  console.log(await main());
} catch (error) {
  console.error(error instanceof Missing ? error.message : `The native backend could not be set up: ${error.message}`);
  process.exitCode = 1;
}
