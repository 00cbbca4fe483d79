/** Tests that run on every backend; where one is absent, its tests are skipped under a name that says so. */
import { absenceOf, openBackend } from '../../../src/engine/backend/backend';
import type { Backend } from '../../../src/engine/backend/backend';
import type { BackendName } from '../../../src/engine/config';

export const backendNames: readonly BackendName[] = ['tensorflow', 'wasm', 'cpu'];

/** Declares one test for each backend; the backend is active when `body` starts. */
export function itOnEachBackend(title: string, body: (backend: Backend) => void | Promise<void>, names: readonly BackendName[] = backendNames): void {
  for (const name of names) {
    it(`${title} (${name})`, async function () {
      const absence = await absenceOf(name);
      if (absence !== null) {
        const { test } = this;
        if (test) test.title = `${title} (${name} is absent: ${absence})`;
        this.skip();
      }
      const backend = await openBackend(name);
      backend.activate();
      await body(backend);
    });
  }
}
