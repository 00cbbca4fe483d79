/** Golden transcripts: whole conversations between an editor and the debug adapter. */
import { Client } from './client';
import { students } from './fixture';
import { matchesGolden } from './golden';
import { failingAt, slowly, stuckAt } from './runs';

type Script = (client: Client) => Promise<void>;

/** Runs a script against a session and compares all that crossed. */
const golden = (name: string, script: Script, make: () => Client = () => new Client()) => async (): Promise<void> => {
  const client = make();
  await script(client);
  await client.end();
  matchesGolden(name, client.transcript);
};

/** Moves one after the other, with the call stack after each. */
async function each(client: Client, commands: string): Promise<void> {
  for (const command of commands.split(' ')) {
    await client.go(command);
    await client.frames();
  }
}

const listing = { sourceReference: 1 };
const sgd = { ...students, optimizer: 'sgd' };

describe('a debug session over DAP', () => {
  it('starts on the first step of the forward pass and shows its listing', golden('start', async (client) => {
    client.full = true;
    await client.start(students, { supportsProgressReporting: true });
    await client.request('threads');
    await client.frames();
    await client.request('stackTrace', { threadId: 1, startFrame: 1, levels: 1 });
    await client.request('loadedSources');
    await client.request('source', { source: listing, sourceReference: 1 });
  }));

  it('counts lines and columns from 0 for clients that do', golden('from-zero', async (client) => {
    await client.launch(sgd, { linesStartAt1: false, columnsStartAt1: false });
    await client.request('setBreakpoints', { source: listing, breakpoints: [{ line: client.line(/^const/) - 1 }] });
    await client.request('configurationDone');
    await client.event('stopped');
    await each(client, 'continue');
    await client.request('completions', { text: 'nor', column: 3 });
  }));

  it('steps forwards and backwards at every depth', golden('stepping', async (client) => {
    await client.start({ ...sgd, iterations: 3 });
    client.note('Layer by layer, and back to the start of the run');
    await each(client, 'next next stepBack stepBack stepBack');
    client.note('Into the ops of a layer, and into the largest element of one');
    await each(client, 'stepIn next next stepIn stepOut next stepBack');
    client.note('Out to the next layer, then phase, then iteration');
    await each(client, 'stepOut stepIn stepOut stepOut stepOut');
    client.note('Whole phases');
    await each(client, 'stepIn next next next next stepBack');
    client.note('Over the end of the run: the cursor stays');
    await each(client, 'next next next next next stepOut stepBack');
    client.note('Whole iterations');
    await each(client, 'stepOut stepOut stepBack stepBack stepBack');
  }));

  it('crosses from an iteration into the next and back again, op by op', golden('crossing', async (client) => {
    await client.start(sgd);
    await client.jump(client.line(/^const/, -1));
    await client.frames();
    await each(client, 'next next stepBack stepBack stepBack');
  }));

  it('goes into the elements of an op, their terms and their sum', golden('cells', async (client) => {
    await client.start(sgd);
    await client.go('stepIn');
    client.note('The largest element of a matrix product; Terms and Cell');
    await each(client, 'stepIn');
    const scopes = await client.scopes();
    for (const name of ['Terms', 'Cell']) await client.variables(scopes.get(name)?.variablesReference ?? 0, name === 'Terms' ? { filter: 'indexed', start: 0, count: 100 } : {});
    await client.variables(scopes.get('Terms')?.variablesReference ?? 0, { filter: 'indexed', start: 1, count: 1 });
    client.note('Next elements, and back');
    await each(client, 'next next stepBack stepBack stepBack');
    client.note('Back to the op; the element that is selected in the panel');
    await each(client, 'stepOut');
    const { controller } = client.session;
    controller?.selectElement({ tensor: controller.trace.ops[0]?.outputs[0] ?? -1, index: [7, 2] });
    await each(client, 'stepIn next stepBack');
  }));

  it('stops at line breakpoints in both directions', golden('line-breakpoints', async (client) => {
    await client.launch({ ...sgd, iterations: 2 });
    client.note('On an op, a layer, a phase, the title, an empty line, beyond the end');
    const lines = [client.line(/^const/, 1), client.layerLine('will_pass', 'forward'), client.phaseLine('backward'), 1, client.line(/^$/), 1000];
    await client.request('setBreakpoints', { source: listing, breakpoints: lines.map((line) => ({ line })) });
    await client.request('breakpointLocations', { source: listing, line: client.line(/^const/, 1), endLine: client.phaseLine('loss') });
    await client.request('configurationDone');
    await client.event('stopped');
    await each(client, 'continue continue continue continue continue continue continue continue continue continue');
    await each(client, 'reverseContinue reverseContinue reverseContinue reverseContinue reverseContinue reverseContinue reverseContinue reverseContinue reverseContinue reverseContinue');
  }));

  it('stops under conditions and hit counts, and logs without stopping', golden('conditions', async (client) => {
    await client.launch({ ...students, iterations: 8 });
    const set = (...breakpoints: object[]): Promise<unknown> => client.request('setBreakpoints', { source: listing, breakpoints });
    const first = client.line(/^const/), loss = client.line(/^const loss =/);
    client.note('Conditions over tensors');
    await set({ line: loss, condition: 'loss < 0.66' }, { line: first, condition: 'iteration == 3 && shape(x)[0] == 8' });
    await client.request('configurationDone');
    await client.event('stopped');
    await each(client, 'continue continue continue continue reverseContinue reverseContinue reverseContinue');
    for (const hitCondition of ['3', '%2', '>5']) {
      client.note(`Hit count ${hitCondition}`);
      await set({ line: first, hitCondition });
      await each(client, 'continue continue continue');
      await set();
      await client.go('reverseContinue');
    }
    client.note('Log messages do not stop');
    await set({ line: loss, logMessage: 'loss of iteration {iteration} is {loss}, \\{as it is\\} {nothing}', hitCondition: '%3' });
    await each(client, 'continue');
    client.note('What cannot be understood is said at once');
    await set(
      { line: first, condition: 'norm(' }, { line: first, condition: 'hiden > 1' }, { line: first, condition: 'loss > 1' }, { line: first, condition: 'x > 0' },
      { line: first, hitCondition: 'often' }, { line: loss, logMessage: 'loss {loss' }, { line: loss, logMessage: 'loss {loss +}' },
    );
    await client.request('setBreakpoints', { source: { path: '/elsewhere/model.ts' }, breakpoints: [{ line: 3 }] });
  }));

  it('stops at layers by name, in each phase', golden('function-breakpoints', async (client) => {
    await client.launch({ ...sgd, iterations: 2 });
    const set = (...breakpoints: object[]): Promise<unknown> => client.request('setFunctionBreakpoints', { breakpoints });
    await set({ name: 'will_pass' }, { name: 'hiden' }, { name: 'features' }, { name: 'hidden.backward' }, { name: 'nothing like it' });
    await client.request('configurationDone');
    await client.event('stopped');
    await each(client, 'continue continue continue continue continue continue');
    await each(client, 'reverseContinue reverseContinue');
    client.note('With a condition on the gradient, which exists from the backward phase on; and the third hit');
    await set({ name: 'hidden', condition: 'norm(grad(hidden.kernel)) > 0' }, { name: 'will_pass', hitCondition: '3' });
    await client.go('reverseContinue');
    await each(client, 'continue continue continue continue');
  }));

  it('shows scopes and variables as far as the cursor has come, with children by page', golden('variables', async (client) => {
    await client.start(students);
    const show = async (frame = 0): Promise<void> => { for (const scope of (await client.scopes(frame)).values()) await client.variables(scope.variablesReference); };
    client.note('At the first layer, in its phase and its iteration');
    await show();
    await show(1);
    await show(2);
    client.note('At an op');
    await client.go('stepIn');
    await show();
    client.note('In the loss');
    await client.jump(client.line(/^const loss =/));
    await show();
    await show(1);
    client.note('After the gradient of the last layer');
    await client.jump(client.layerLine('will_pass', 'backward'));
    await show();
    client.note('After the update of a weight');
    await client.jump(client.layerLine('hidden', 'update', 'kernel'));
    await show();
    client.note('Children by axis, and by page');
    const weights = await client.variables((await client.scopes()).get('Weights')?.variablesReference ?? 0);
    const rows = await client.variables(weights[0]?.variablesReference ?? 0);
    await client.variables(rows[1]?.variablesReference ?? 0);
    await client.variables(rows[1]?.variablesReference ?? 0, { filter: 'indexed', start: 1, count: 1 });
    await client.variables(rows[1]?.variablesReference ?? 0, { filter: 'indexed', start: 2, count: 100 });
    await client.variables(rows[1]?.variablesReference ?? 0, { filter: 'named' });
    const batch = await client.variables((await client.scopes()).get('Batch')?.variablesReference ?? 0, { format: { hex: true } });
    client.note('A client that asks late hears of the stop before; what is long past gives nothing');
    const late = batch.at(-1)?.variablesReference, frame = (await client.frames())[0]?.id;
    const askLate = async (): Promise<void> => {
      await client.raw('variables', { variablesReference: late });
      await client.raw('scopes', { frameId: frame });
      await client.raw('evaluate', { expression: 'phase', frameId: frame });
    };
    await client.go('next');
    await askLate();
    for (let stop = 0; stop < 4; stop += 1) { await client.go('next'); await client.scopes(); }
    await askLate();
  }));

  it('evaluates expressions for watches, hovers, the console and the clipboard', golden('evaluate', async (client) => {
    await client.start(students);
    for (const expression of ['x', 'hidden', 'hidden.output', 'hidden.kernel', 'x[0]', 'x[1:3, -1]', 'x[..., 0]', 'norm(x)', 'mean(x, axis=0)', 'iteration + 1', 'phase == "forward"',
      'any(isnan(x)) || min(hidden) > 0', 'layer("hidden").kernel.shape', 'x.T']) await client.evaluate(expression);
    client.note('What does not exist yet, or never will');
    for (const expression of ['loss', 'grad(hidden.kernel)', 'will_pass', 'hiden', 'hidden.kernal', 'nrm(x)', 'x[9]', 'x[0, 0, 0]', 'x[0.5]', 'x + hidden', 'norm(x', 'x y', '', 'grad(x[0])', 'mean(x, axis=2)', '"a" + 1']) await client.evaluate(expression);
    client.note('Contexts');
    await client.evaluate('hidden_kernel', 'hover');
    await client.evaluate('tf', 'hover');
    await client.evaluate('hidden.kernel', 'clipboard');
    await client.evaluate('help', 'repl');
    await client.evaluate('help', 'watch');
    client.note('Completions');
    for (const text of ['hidden_ker', 'norm(hidden.', 'hidden.kernel.', 'layer("hidden").ker', 'ma', '1 + x.', ')(']) await client.request('completions', { text, column: text.length + 1 });
    client.note('Later in the iteration');
    await client.jump(client.phaseLine('update'));
    for (const expression of ['loss', 'grad(hidden.kernel)', 'hidden.kernel.grad', 'norm(hidden.kernel - before(hidden.kernel))', 'hidden.kernel.momentum', 'metrics.accuracy', 'prediction', 'y[0]', 'before(x)']) await client.evaluate(expression);
  }));

  it('jumps within the iteration', golden('jump', async (client) => {
    await client.start(sgd);
    for (const line of [client.phaseLine('backward'), client.line(/^$/), client.line(/^const/), 1]) {
      await client.jump(line);
      await client.frames();
    }
    await client.raw('gotoTargets', { source: listing, line: 100_000 });
    await client.raw('gotoTargets', { source: { path: '/elsewhere.ts' }, line: 1 });
    await client.raw('goto', { threadId: 1, targetId: 99 });
  }));

  it('shows the progress of a step that runs an iteration, and lets it be cancelled', golden('progress', async (client) => {
    await client.start({ ...sgd, iterations: 3 }, { supportsProgressReporting: true });
    await client.jump(client.layerLine('will_pass', 'update', 'bias'));
    await each(client, 'next stepBack');
    await client.request('cancel', { progressId: 'backstep-2' });
    client.note('Continue has none');
    await client.go('continue');
  }, () => new Client({ createRun: slowly })));

  it('restarts with the same settings or others', golden('restart', async (client) => {
    await client.start({ ...sgd, iterations: 5 });
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hidden.update', hitCondition: '2' }] });
    await each(client, 'continue');
    await each(client, 'restart continue');
    await client.go('restart', { arguments: { ...sgd, batchSize: 4, iterations: 1 } });
    await client.evaluate('batchSize');
    await each(client, 'continue');
    client.note('A restart that cannot be leaves everything as it was');
    await client.raw('restart', { arguments: { ...sgd, batchSize: 'many' } });
    await client.go('restart', { arguments: { ...sgd, model: 'gone.keras' } });
    await client.evaluate('batchSize');
    await client.frames();
    await client.request('exceptionInfo', { threadId: 1 });
  }));

  it('runs to the end without stopping when it is started without debugging', golden('no-debug', async (client) => {
    await client.launch({ ...sgd, iterations: 4, noDebug: true });
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hidden' }] });
    await client.request('configurationDone');
    await client.event('terminated');
    await client.raw('next', { threadId: 1 });
  }));

  it('stays open when an iteration fails, with all that came before', golden('failing', async (client) => {
    await client.start(sgd);
    await each(client, 'continue');
    await client.request('exceptionInfo', { threadId: 1 });
    await each(client, 'stepBack next next');
    await client.evaluate('loss');
  }, () => new Client({ createRun: failingAt(2) })));

  it('pauses inside an iteration at the last step that was completed', async () => {
    const { createRun, reached } = stuckAt(2);
    await golden('pause', async (client) => {
      await client.start(sgd);
      await client.request('continue', { threadId: 1 });
      await reached;
      client.note('While it runs there is nothing to see');
      await client.raw('stackTrace', { threadId: 1 });
      await client.evaluate('loss');
      await client.request('pause', { threadId: 1 });
      await client.event('stopped');
      await client.frames();
      await each(client, 'stepBack');
      await client.raw('exceptionInfo', { threadId: 1 });
    }, () => new Client({ createRun }))();
  });
});
