// The packaged extension, installed into an empty profile of a real VS Code, with a copy of the examples open.
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';
import { dataFolder, installCodeServer, installExtension, serve } from '../code-server.mjs';
import { root } from '../install.mjs';
import { packageExtension } from '../package.mjs';
import { settings } from '../settings.mjs';

/** Serves it from the data folder `.vscode-test/<name>`; `environment` is what test/browser/workbench.ts reads. */
export async function servePackaged(name) {
  const data = dataFolder(name);
  const workspace = path.join(data, 'examples');
  cpSync(path.join(root, 'media/examples'), workspace, { recursive: true });
  mkdirSync(path.join(root, 'test/out'), { recursive: true });
  installCodeServer();
  installExtension(data, await packageExtension(path.join(data, 'backstep.vsix')));
  const server = await serve({ data, settings: { ...settings, 'workbench.colorTheme': 'Default Dark Modern', 'backstep.backend': 'wasm' } });
  return {
    stop: () => server.stop(),
    environment: {
      BACKSTEP_ADDRESS: server.address(workspace), BACKSTEP_WORKSPACE: workspace, BACKSTEP_USER: path.join(data, 'user/User'),
      BACKSTEP_CHROMIUM: chromiumPath(), BACKSTEP_CHROMIUM_ARGUMENTS: JSON.stringify(chromiumArguments),
    },
  };
}
