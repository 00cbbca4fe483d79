/** Properties of the timeline as a client sees it: Step Back mirrors Step Over, and no path to a cursor changes what is shown there. */
import assert from 'node:assert/strict';
import { createRandom } from '../../src/engine/data/random';
import { cellPlace } from '../../src/debug/cells';
import type { Cursor } from '../../src/debug/cursor';
import { Client } from './client';
import { networks } from './networks';

const cursorOf = (client: Client): Cursor => client.session.controller?.cursor ?? assert.fail('no session');

/** All that the innermost and the outermost frame show, two levels deep. */
async function shown(client: Client): Promise<readonly string[]> {
  const texts: string[] = [await client.where()];
  const depth = (await client.frames()).length;
  for (const frame of new Set([0, depth - 1])) {
    for (const [name, { variablesReference }] of await client.scopes(frame)) {
      for (const variable of await client.variables(variablesReference)) {
        texts.push(`${name}: ${variable.name} = ${variable.value}`);
        const inner = variable.variablesReference === 0 ? [] : await client.variables(variable.variablesReference, variable.indexedVariables === undefined ? {} : { filter: 'indexed', start: 0, count: 2 });
        texts.push(...inner.map((child) => `${name}: ${variable.name}.${child.name} = ${child.value}`));
      }
    }
  }
  return texts;
}

/** The same cursor in a session that has only ever stepped forwards over layers, and then jumped within the iteration. */
async function shownAfresh(config: object, cursor: Cursor): Promise<readonly string[]> {
  const client = new Client();
  await client.start(config);
  while (cursorOf(client).iteration < cursor.iteration) await client.go('next');
  const { listing, trace } = client.session.controller ?? assert.fail('no session');
  const line = listing.lines.findIndex((entry) => (cursor.depth === 'iteration' ? entry.kind === 'title'
    : cursor.depth === 'phase' ? entry.kind === 'phase' && entry.first === cursor.op
    : cursor.depth === 'layer' ? entry.kind === 'group' && trace.groups[entry.group]?.first === cursor.op
    : entry.kind === 'op' && entry.op === cursor.op)) + 1;
  await client.jump(line);
  const place = cursor.depth === 'cell' ? cellPlace(trace, trace.ops[cursor.op], cursor.cell ?? 0) : null;
  if (place !== null) {
    await client.session.controller?.jumpTo({ kind: 'cell', iteration: cursor.iteration, op: cursor.op, tensor: place.tensor, index: place.index });
    await client.event('stopped');
  }
  const texts = await shown(client);
  await client.end();
  return texts;
}

for (const [name, config] of Object.entries(networks)) {
  describe(`the timeline of ${name}`, () => {
    it('is walked backwards exactly as forwards, at every depth and over the ends of iterations', async () => {
      const random = createRandom('mirror', name), client = new Client();
      await client.start(config);
      for (let round = 0; round < 12; round += 1) {
        for (let turn = random.integer(4); turn > 0; turn -= 1) await client.go(random.integer(5) < 3 ? 'stepIn' : 'stepOut');
        const forwards = [cursorOf(client)];
        const steps = 1 + random.integer(40);
        for (let step = 0; step < steps; step += 1) {
          const { description } = await client.go('next');
          if (description === 'Paused at the end of the run') break;
          forwards.push(cursorOf(client));
        }
        const backwards = [cursorOf(client)];
        while (backwards.length < forwards.length) {
          await client.go('stepBack');
          backwards.push(cursorOf(client));
        }
        assert.deepEqual(backwards, [...forwards].reverse());
        assert.equal(new Set(forwards.map((cursor) => JSON.stringify(cursor))).size, forwards.length, 'no cursor twice');
      }
      await client.end();
    });

    it('is walked backwards exactly as forwards from element to element, over the ends of ops and of the iteration', async () => {
      const client = new Client();
      await client.start(config);
      const { trace } = client.session.controller ?? assert.fail('no session');
      const isSmall = (at: number): boolean => (trace.ops[at]?.outputs ?? []).every((output) => (trace.tensors.get(output)?.shape ?? []).reduce((a, b) => a * b, 1) <= 12);
      // The last ops of an iteration whose elements are few enough to walk through all of them.
      const start = [...trace.ops].reverse().find(({ index }) => isSmall(index) && !isSmall(index - 1))?.index ?? trace.ops.length - 1;
      await client.session.controller?.jumpTo({ kind: 'op', iteration: 0, op: start });
      await client.event('stopped');
      await client.go('stepIn');
      const forwards = [cursorOf(client)];
      for (let step = 0; step < 60; step += 1) {
        await client.go('next');
        forwards.push(cursorOf(client));
      }
      const backwards = [cursorOf(client)];
      while (backwards.length < forwards.length) {
        await client.go('stepBack');
        backwards.push(cursorOf(client));
      }
      assert.deepEqual(backwards, [...forwards].reverse());
      assert.equal(new Set(forwards.map((cursor) => JSON.stringify(cursor))).size, forwards.length, 'no cursor twice');
      await client.end();
    });

    it('shows the same values whatever path led there', async () => {
      const random = createRandom('walk', name), client = new Client();
      await client.start(config);
      const moves = ['next', 'next', 'next', 'stepBack', 'stepBack', 'stepIn', 'stepIn', 'stepOut', 'continue', 'reverseContinue'];
      await client.request('setFunctionBreakpoints', { breakpoints: client.session.controller?.trace.weights.slice(0, 1).map(({ layer }) => ({ name: layer })) });
      for (let round = 0; round < 4; round += 1) {
        for (let step = 0; step < 12; step += 1) await client.go(moves[random.integer(moves.length)] ?? 'next');
        if (random.integer(3) === 0) {
          await client.session.controller?.jumpTo({ kind: 'iteration', iteration: random.integer(4) });
          await client.event('stopped');
        }
        const cursor = cursorOf(client);
        assert.deepEqual(await shown(client), await shownAfresh(config, cursor), JSON.stringify(cursor));
      }
      await client.end();
    });
  });
}
