/**
 * The heavy half of the extension: readers, engine, debugger. It is a bundle of its own (dist/core.js) that is loaded when a
 * model is opened or a session starts, so that having the extension costs nothing; and each part of it runs when first asked for.
 */

import type { JsonObject } from './network/network';

/** Model files: opening them, their graph, pictures of their weights. */
export async function loadFormats() {
  const [{ openNetwork }, { graphView }, { findTensor }, { TensorDesk }] = await Promise.all([
    import('./formats/registry'), import('./network/graph-view'), import('./debug/view/picture'), import('./debug/view/desk'),
  ]);
  return { openNetwork, graphView, findTensor, TensorDesk };
}

/** Tensors of paused programs. */
export async function loadInspection() {
  const [{ LookDesk }, { configGraph }] = await Promise.all([import('./debug/inspect/look-desk'), import('./debug/inspect/config-graph')]);
  return { LookDesk, configGraph };
}

/** Two models compared. */
export async function loadComparison() {
  const [{ openNetwork }, { graphView }, { diffNetworks, matchLayers }, { mergedGraph, differencesView }, { comparable }] = await Promise.all([
    import('./formats/registry'), import('./network/graph-view'), import('./network/diff'), import('./network/compare-view'), import('./network/weights-tree'),
  ]);
  return { openNetwork, graphView, comparable, diffNetworks, matchLayers, mergedGraph, differencesView };
}

/** The debugger with its engine. */
export async function loadDebugger() {
  const [{ BackstepSession }, { createRun }, { makeListing }, { useTensorflowFrom }] = await Promise.all(
    [import('./debug/session'), import('./engine/create-run'), import('./listing/listing'), import('./engine/backend/tensorflow')]);
  return { BackstepSession, createRun, makeListing, useTensorflowFrom };
}

/** What the panel shows of a run. */
export async function loadViews() {
  const [{ cursorView, runView }, { graphView }, { findTensor }, { TensorDesk }] = await Promise.all([
    import('./debug/view/cursor-view'), import('./network/graph-view'), import('./debug/view/picture'), import('./debug/view/desk'),
  ]);
  return { cursorView, runView, graphView, findTensor, TensorDesk };
}

/** Deeper questions about the iteration under the cursor. */
export async function loadInsight() {
  const [{ Insight }, { checkableGradients, gradientNamed }] = await Promise.all([import('./debug/insight/insight'), import('./debug/insight/gradients')]);
  return { Insight, checkableGradients, gradientNamed };
}

/** The check of launch configurations. */
export async function loadConfiguration() {
  const { validateRunConfig } = await import('./engine/config-validation');
  return { validateRunConfig };
}

/** Listings as programs. */
export async function loadExport() {
  const { exportListing } = await import('./listing/export/export');
  return { exportListing };
}

/** Built-in architectures, and each as the file that Keras would write. */
export async function loadArchitectures() {
  const [{ architectures, drawArchitecture }, { openKerasConfig }, { stateShapes }] = await Promise.all([
    import('./network/architectures/architectures'), import('./formats/keras/config-file'), import('./formats/keras/state-shapes'),
  ]);
  const writtenArchitecture = async (name: string): Promise<JsonObject> => {
    const config = drawArchitecture(name);
    return stateShapes(config, (await openKerasConfig(`${name}.json`, config)).network);
  };
  const views = async () => (await import('./network/architectures/figures')).architectureViews(async (name) => (await openKerasConfig(`${name}.json`, drawArchitecture(name))).network);
  return { architectures, writtenArchitecture, views };
}
