/** The command `backstep`: a table of subcommands. */
import { diff, diffUsage } from './diff';
import { inspectUsage, inspect } from './inspect';
import type { Streams } from './inspect';

interface Command { readonly usage: string; readonly summary: string; run(args: readonly string[], streams: Streams): Promise<number> }

const commands: Readonly<Record<string, Command>> = {
  inspect: { usage: inspectUsage, summary: 'shows the layers of a model file with their shapes, parameters and multiply-adds', run: inspect },
  diff: { usage: diffUsage, summary: 'compares two model files: layers, settings and weights', run: diff },
  check: {
    usage: 'backstep check RUN.json [--iteration N] [--sample N] [--json]',
    summary: 'compares the gradient of every weight with finite differences',
    run: async (args, streams) => (await import('./check')).check(args, streams),
  },
  step: {
    usage: 'backstep step RUN.json [--iterations N] [--dump DIR] [--listing FILE] [--backend B] [--json]',
    summary: 'trains for some iterations and writes every tensor',
    // TensorFlow.js is loaded only when it is needed.
    run: async (args, streams) => (await import('./step')).step(args, streams),
  },
};

const help = ['Backstep, a time-travel debugger for neural networks.', '', ...Object.values(commands).flatMap(({ usage, summary }) => [`  ${usage}`, `      ${summary}`]), ''].join('\n');

/** Runs a command line without the program's name. @returns the exit status */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  const [name = 'help', ...rest] = args;
  if (['help', '--help', '-h'].includes(name)) {
    streams.out(help);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    streams.error(`There is no command "${name}"; the commands are ${Object.keys(commands).join(', ')}.\n`);
    return 1;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    streams.out(`Usage: ${command.usage}\n`);
    return 0;
  }
  return command.run(rest, streams);
}

// As a program; tests import `main`.
if (require.main === module) {
  const streams: Streams = { out: (text) => process.stdout.write(text), error: (text) => process.stderr.write(text) };
  main(process.argv.slice(2), streams).then((status) => { process.exitCode = status; }, (error: unknown) => {
    process.stderr.write(`Backstep itself failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
