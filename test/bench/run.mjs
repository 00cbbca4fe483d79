// `npm run bench`: builds the bench and prints its table. `npm run bench -- kernels` runs only files whose path holds "kernels".
import path from 'node:path';
import { installPackages, root, run } from '../install.mjs';

const [part] = process.argv.slice(2);
const dist = path.resolve(process.env.BACKSTEP_DIST ?? path.join(root, 'dist'));
installPackages();
run(process.execPath, ['esbuild.mjs', part === undefined ? '--tests=bench' : `--tests=bench/${part}`]);
run(process.execPath, ['--expose-gc', path.join(dist, 'test-bench.js')]);
