/** "Check Gradient": asks which one (or takes the row of Variables), goes to the op that makes it, and checks it on its card in the panel. */
import * as vscode from 'vscode';
import type { LiveSessions } from '../debug/vscode/live';
import { chosenExpression } from '../debug/vscode/inspect-program';
import type { RunPanel } from '../panels/run-panel';
import { sentenceOf } from '../tensor/failure';

export async function checkGradient(sessions: LiveSessions, panel: RunPanel, argument: unknown): Promise<void> {
  const controller = sessions.active?.controller;
  if (controller === undefined) return;
  const { checkableGradients, gradientNamed } = await (await import('../core')).loadInsight();
  try {
    const { view } = controller, found = checkableGradients(view);
    const chosen = argument === undefined ? null : chosenExpression(argument);
    let gradient: number | undefined;
    if (chosen?.kind === 'expression') gradient = gradientNamed(view, chosen.expression);
    else {
      const items = found.map(({ gradient: id, name, by, shape, weight, op }) => ({
        label: name, description: `∂L/∂ ${by}  ${shape.join(' × ')}`, detail: weight ? undefined : view.trace.ops[op]?.layer ?? undefined, id,
      })).map(({ detail, ...item }) => (detail === undefined ? item : { ...item, detail }));
      const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Check Gradient'), placeHolder: vscode.l10n.t('Which gradient is to be compared with finite differences of the loss?'), matchOnDescription: true });
      gradient = picked?.id;
    }
    if (gradient === undefined) return;
    const op = found.find(({ gradient: id }) => id === gradient)?.op;
    if (op !== undefined && !await panel.shows(gradient)) await controller.jumpTo({ kind: 'op', iteration: view.trace.iteration, op });
    panel.check(gradient);
  } catch (error) {
    void vscode.window.showErrorMessage(sentenceOf(error));
  }
}
