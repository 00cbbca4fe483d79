/** How each debugger is asked: the probe goes along with the expression, and nothing stays behind in the program. */
import javascriptProbe from './javascript/probe.text';
import pythonProbe from './python/probe.py';
import type { ProbeRequest } from './reply';

export interface Language {
  readonly name: string;
  /** Session types of VS Code that speak it. */
  readonly debuggers: readonly string[];
  /** An expression that gives the reply as text. The user's expression stands outside of our code's scope, in the frame's own. */
  readonly call: (expression: string, request: ProbeRequest, input?: string) => string;
  /** An expression for weight number `index` of a layer of a model; the layer's name stands behind those of the models around it. */
  readonly weight: (model: string, layer: readonly string[], index: number) => string;
  /** Whether outputs of a model's layers can be computed. */
  readonly computes: boolean;
  /** The reply's JSON out of what the debugger wrote (quotes, escapes), or null when there is none. */
  readonly unwrap: (answer: string) => string | null;
}

/**
 * Globals that the probe names, taken out of the global object once: a debugger evaluates inside the frame's scopes, where each look at a
 * global is a search through all of them (300 ns, in a loop over millions of elements), and where the program may have names of its own.
 */
const globals = [...new Set(javascriptProbe.match(/(?<![.\w$])(?:[A-Z]\w+|btoa)\b/g))].filter((name) => name in globalThis).join(', ');
const javascript = `((world) => { const { ${globals} } = world; ${javascriptProbe}; return module.probe; })(globalThis)`;

const pythonLiteral = (text: string): string => JSON.stringify(text); // JSON's string escapes are valid in Python
const pythonBase64 = (text: string): string => `__import__('json').loads(__import__('base64').b64decode('${Buffer.from(text).toString('base64')}'))`;

export const languages: readonly Language[] = [
  {
    name: 'JavaScript',
    debuggers: ['pwa-node', 'node', 'pwa-extensionHost', 'extensionHost', 'pwa-chrome', 'pwa-msedge', 'node-terminal'],
    call: (expression, request, input = 'undefined') => `${javascript}((${expression}\n), ${JSON.stringify(request)}, (${input}\n))`,
    weight: (model, layer, index) => `(${model})${layer.map((name) => `.getLayer(${JSON.stringify(name)})`).join('')}.weights[${index}].read()`,
    computes: true,
    unwrap: (answer) => {
      const start = answer.indexOf('{"kind"');
      if (start === 0) return answer;
      // Some contexts answer with a quoted literal instead of the text itself.
      if (answer.startsWith('"')) return literal(answer);
      if (answer.startsWith("'") && answer.endsWith("'")) return answer.slice(1, -1).replace(/\\(['\\])/g, '$1');
      return null;
    },
  },
  {
    name: 'Python',
    debuggers: ['debugpy', 'python'],
    weight: (model, layer, index) => `(${model})${layer.map((name) => `.get_layer(${JSON.stringify(name)})`).join('')}.weights[${index}]`,
    computes: false,
    call: (expression, request) =>
      `(lambda source: (lambda names: (exec(source, names), names['probe'])[1])({}))(${pythonLiteral(pythonProbe)})((${expression}\n), ${pythonBase64(JSON.stringify(request))})`,
    unwrap: (answer) => {
      const match = /^'?([A-Za-z0-9+/=]+)'?$/.exec(answer.trim());
      return match?.[1] === undefined ? null : Buffer.from(match[1], 'base64').toString('utf8');
    },
  },
];

function literal(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
