// Runs the bundle bench-in-debugger.js, named by the first argument, inside VS Code; it leaves its figures where BACKSTEP_BENCH says.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { dataFolder } from '../code-server.mjs';
import { runInCodeServer } from '../host/in-code-server.mjs';
import { root } from '../install.mjs';

const data = dataFolder('bench-in-debugger');
const folder = path.join(data, 'workspace');
mkdirSync(folder);
mkdirSync(path.join(root, 'test/out'), { recursive: true });
process.env.BACKSTEP_BENCH_PROGRAM = path.join(root, 'test/fixtures/programs/large-tensors.js');
process.exit(await runInCodeServer({
  data, folder, entry: path.resolve(process.argv[2]), settings: { 'workbench.startupEditor': 'none', 'chat.disableAIFeatures': true, 'git.enabled': false },
  limit: 5 * 60_000, picture: 'test/out/failed-bench.png',
}));
