/** Breakpoints on layers are VS Code's function breakpoints whose name is the layer's path. */
import * as vscode from 'vscode';
import type { LiveSessions } from './live';

const own = (): readonly vscode.FunctionBreakpoint[] => vscode.debug.breakpoints.filter((breakpoint) => breakpoint instanceof vscode.FunctionBreakpoint);

/** Layers that have a breakpoint which is switched on. */
export function layersWithBreakpoint(): readonly string[] {
  return own().filter(({ enabled }) => enabled).map(({ functionName }) => functionName);
}

export function toggleLayerBreakpoint(layer: string): void {
  const there = own().filter(({ functionName }) => functionName === layer);
  if (there.length > 0) vscode.debug.removeBreakpoints(there);
  else vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(layer)]);
}

/** Asks for a layer, for those who do not use the mouse. */
export async function pickLayerBreakpoint(sessions: LiveSessions): Promise<void> {
  const network = sessions.active?.controller.info.network;
  if (network === undefined) return;
  const present = new Set(layersWithBreakpoint());
  const { graphView } = await (await import('../../core')).loadFormats();
  const items = graphView(network).nodes.map(({ id, type, detail }) => ({ label: present.has(id) ? `$(debug-breakpoint-function) ${id}` : id, description: `${type} ${detail}`.trim(), id }));
  const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Toggle Breakpoint on Layer'), matchOnDescription: true });
  if (picked !== undefined) toggleLayerBreakpoint(picked.id);
}
