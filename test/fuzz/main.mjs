// `npm run fuzz`: builds the fuzzer and runs it; the options are those of main.ts.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installPackages, root, run } from '../install.mjs';

const dist = path.resolve(process.env.BACKSTEP_DIST ?? path.join(root, 'dist'));
installPackages();
run(process.execPath, ['esbuild.mjs', '--tests=fuzz/']);
process.exit(spawnSync(process.execPath, [path.join(dist, 'fuzz.js'), ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1);
