// The editor of model files inside VS Code.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const file = (name: string): vscode.Uri => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder);
  return vscode.Uri.joinPath(folder.uri, name);
};

/** Waits until the active tab is as wanted. */
async function activeTab(fits: (input: unknown) => boolean): Promise<void> {
  if (fits(vscode.window.tabGroups.activeTabGroup.activeTab?.input)) return;
  await new Promise<void>((resolve) => {
    const subscription = vscode.window.tabGroups.onDidChangeTabs(() => {
      if (!fits(vscode.window.tabGroups.activeTabGroup.activeTab?.input)) return;
      subscription.dispose();
      resolve();
    });
  });
}

describe('the model editor', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  for (const name of ['lenet5.keras', 'students.h5']) {
    it(`opens ${name} by itself`, async () => {
      await vscode.commands.executeCommand('vscode.open', file(name));
      await activeTab((input) => input instanceof vscode.TabInputCustom && input.viewType === 'backstep.model');
    });
  }

  it('leaves model.json to the text editor, and opens it on Visualize', async () => {
    await vscode.commands.executeCommand('vscode.open', file('convnet/model.json'));
    await activeTab((input) => input instanceof vscode.TabInputText);
    await vscode.commands.executeCommand('backstep.visualize', file('convnet/model.json'));
    await activeTab((input) => input instanceof vscode.TabInputCustom && input.viewType === 'backstep.model');
  });

  it('draws a built-in architecture into a file of its own', async () => {
    const target = file('drawn.json');
    await vscode.commands.executeCommand('backstep.newFromArchitecture', 'lenet5', target);
    await activeTab((input) => input instanceof vscode.TabInputCustom && input.viewType === 'backstep.model' && input.uri.path === target.path);
    const written = JSON.parse(new TextDecoder().decode(await vscode.workspace.fs.readFile(target))) as { class_name: string; config: { name: string } };
    assert.deepEqual([written.class_name, written.config.name], ['Functional', 'lenet5']);
    await vscode.workspace.fs.delete(target);
  });
});
