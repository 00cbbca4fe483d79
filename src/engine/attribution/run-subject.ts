/** The network of a run as it stood at an iteration, held still for questions. */
import { openBackend } from '../backend/backend';
import type { Run } from '../run';
import type { Trace } from '../trace';
import { stateBefore } from '../trace-record';
import type { Subject } from './subject';

/** With the weights that the iteration started from; valid while the trace is retained. */
export async function subjectOf({ info }: Run, trace: Trace): Promise<Subject> {
  const { weights } = stateBefore(trace);
  return {
    network: info.network, convention: info.convention, backend: await openBackend(info.backend.name),
    weights: new Map(weights.map(({ layer, weight, value }) => [`${layer}/${weight}`, value])),
  };
}
