/** What the panel shows of a controller, made when asked; loads the view code at first use. */
import type { Controller } from '../debug/controller';
import { isVisible } from '../debug/place';
import type { TensorDesk } from '../debug/view/desk';
import type { CursorView, RunStatus, RunView } from '../protocol/run';
import type { TensorAddress } from '../protocol/tensor';
import { Failure } from '../tensor/failure';

export async function cursorOf(controller: Controller): Promise<CursorView> {
  const { cursorView } = await (await import('../core')).loadViews();
  return cursorView(controller.view, controller.changes);
}

export async function runViewOf(controller: Controller, breakpoints: readonly string[], status: RunStatus): Promise<RunView> {
  const { cursorView, runView, graphView } = await (await import('../core')).loadViews();
  const { info, losses } = controller;
  return runView(info, { graph: graphView(info.network), losses, breakpoints, status, cursor: cursorView(controller.view, controller.changes) });
}

const desks = new WeakMap<Controller, Promise<TensorDesk>>();

/** What answers for the tensors of a session; it holds what is pinned as long as the session lives. */
export function deskOf(controller: Controller): Promise<TensorDesk> {
  let desk = desks.get(controller);
  if (desk === undefined) desks.set(controller, desk = makeDesk(controller));
  return desk;
}

/** Tensors of the trace under the cursor; weights as they are at the cursor. */
async function makeDesk(controller: Controller): Promise<TensorDesk> {
  const { TensorDesk, findTensor } = await (await import('../core')).loadViews();
  return new TensorDesk((address) => findTensor(atCursor(controller, address), {
    trace: (iteration) => (iteration === controller.trace.iteration ? controller.trace : null),
    names: () => controller.listing.names,
    network: controller.info.network,
    // Weights were turned into tensors of the trace; what is left are those that the run does not have.
    weights: { read: (key) => Promise.reject(new Failure('panel.weight', `The run has no weight ${key}.`)), close: () => Promise.resolve() },
  }));
}

/** During a run a weight means its value at the cursor, not that of the file. */
function atCursor(controller: Controller, address: TensorAddress): TensorAddress {
  if (address.kind !== 'weight') return address;
  const { view } = controller;
  const weight = view.trace.weights.find(({ layer, weight: name }) => layer === address.layer && name === address.weight);
  if (weight === undefined) return address;
  return { kind: 'trace', iteration: view.trace.iteration, tensor: isVisible(view, weight.after) ? weight.after : weight.before };
}
