// The Pythons that the debugpy tests run, in virtual environments under .vscode-test: `python` with debugpy, NumPy, Keras, JAX, Pillow and TensorFlow, and
// `python-torch` with PyTorch (python-torch.mjs). `node test/python.mjs` installs what is missing and prints one line of JSON:
// { python, torch: path of the executable or null, missing: { name: why it is not there } }. BACKSTEP_PYTHON names a Python that is used as it is.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './install.mjs';
import { does, environment, pip } from './python-environment.mjs';
import { installTorch } from './python-torch.mjs';

const home = path.join(root, '.vscode-test/python');
const stamp = path.join(home, 'installed.json');
const native = path.join(root, '.native');
/** Without the first two there are no tests; the others are installed where they may be, and their tests are pending without them. */
const needed = ['debugpy', 'numpy'];
const wanted = ['keras', 'scipy', 'jax', 'pillow'];
/** What `import tensorflow` loads besides; the rest of its requirements serve other parts of it. */
const forTensorFlow = ['absl-py', 'astunparse', 'flatbuffers', 'gast', 'opt_einsum', 'protobuf', 'requests', 'six', 'termcolor', 'wrapt'];

/** Unpacks the parts of a wheel that Python loads; the two large libraries are those that the native backend uses. */
const unpackTensorFlow = `
import os, sys, sysconfig, zipfile
wheel, libraries = sys.argv[1:]
site = sysconfig.get_path("platlib")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        held, place = os.path.join(libraries, os.path.basename(name)), os.path.join(site, name)
        if name.startswith("tensorflow/include/") or os.path.exists(place):
            continue
        if name.startswith("tensorflow/libtensorflow") and os.path.exists(held):
            os.link(held, place)
        else:
            archive.extract(name, site)
`;

function wheelOfTensorFlow() {
  const downloaded = existsSync(native) ? readdirSync(native).find((name) => name.startsWith('tensorflow_cpu-') && name.endsWith('.whl')) : undefined;
  return process.env.BACKSTEP_TENSORFLOW_WHEEL ?? (downloaded === undefined ? undefined : path.join(native, downloaded));
}

/** TensorFlow from the wheel that the native backend was built with. @throws Error that says why it is not there. */
function addTensorFlow(executable) {
  const wheel = wheelOfTensorFlow();
  if (wheel === undefined) throw new Error('its wheel has not been downloaded; `npm run setup:native` does it');
  const [, version, tag] = /tensorflow_cpu-([\d.]+)-(cp\d+)-/.exec(path.basename(wheel)) ?? [];
  const own = does(executable, ['-c', 'import sys; print("cp%d%d" % sys.version_info[:2])']).out.trim();
  if (tag !== own) throw new Error(`its wheel is for ${tag}, the tests' Python is ${own}`);
  pip(executable, forTensorFlow);
  const unpacked = does(executable, ['-c', unpackTensorFlow, wheel, path.join(native, `tensorflow-${version}`, 'lib')]);
  if (!unpacked.ok) throw new Error(`its wheel could not be unpacked: ${unpacked.why}`);
  const loads = does(executable, ['-c', 'import tensorflow']);
  if (!loads.ok) throw new Error(`it does not load: ${loads.why}`);
}

/** Installs what may be installed into the tests' own Python. @throws Error when there is none. */
function installOwn() {
  const recipe = [...needed, ...wanted, ...forTensorFlow].join(' ');
  const before = existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')) : null;
  const { executable } = before ?? {};
  if (before?.recipe === recipe && existsSync(executable) && (before.missing.tensorflow === undefined || wheelOfTensorFlow() === undefined)) return before;
  console.error('Installing Python packages for the tests …');
  const missing = {};
  const made = environment(home, needed);
  const attempt = (name, body) => { try { body(); } catch (error) { missing[name] = error.message; } };
  attempt(wanted.join(', '), () => pip(made, wanted));
  attempt('tensorflow', () => addTensorFlow(made));
  const after = { executable: made, recipe, missing };
  writeFileSync(stamp, JSON.stringify(after));
  return after;
}

/** See the head of this file. */
export function installPython() {
  const given = process.env.BACKSTEP_PYTHON;
  const has = (python, ...modules) => does(python, ['-c', `import importlib.util as u, sys; sys.exit(any(u.find_spec(name) is None for name in ${JSON.stringify(modules)}))`]).ok;
  const answer = { python: null, torch: null, missing: {} };
  const attempt = (name, body) => { try { body(); } catch (error) { answer.missing[name] = error.message; } };
  attempt('python', () => {
    if (given !== undefined && has(given, ...needed)) { answer.python = given; return; }
    const { executable, missing } = installOwn();
    Object.assign(answer, { python: executable, missing });
  });
  attempt('torch', () => { answer.torch = answer.python === given && given !== undefined && has(given, 'torch') ? given : installTorch(); });
  return answer;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const answer = installPython();
  console.log(JSON.stringify(answer));
  for (const [name, why] of Object.entries(answer.missing)) console.error(`Tests of ${name} programs are pending: ${why}.`);
}
