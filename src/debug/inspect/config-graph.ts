/** The graph of a network that lives in a paused program, from the configuration that its own framework writes. */
import { parseJsonObject } from '../../formats/containers/json';
import { openKerasConfig } from '../../formats/keras/config-file';
import { graphView } from '../../network/graph-view';
import type { GraphView } from '../../protocol/graph';

/** @param config JSON of `model.toJSON()` or `to_json()`. @throws Failure when it describes no layers. */
export async function configGraph(config: string, name: string): Promise<GraphView> {
  const { network } = await openKerasConfig(name, parseJsonObject(config, name));
  return graphView(network);
}
