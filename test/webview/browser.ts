/**
 * The webview in a real browser without VS Code: the built bundle under the content security policy of the extension, VS Code's theme
 * variables, and a host that answers the envelopes.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import type { Envelope, HostEvent, RequestName } from '../../src/protocol/messages';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';
import themes from './themes.json';

export type ThemeName = keyof typeof themes;
export const themeNames: readonly ThemeName[] = ['dark', 'light', 'hcDark', 'hcLight'];
const classes: Readonly<Record<ThemeName, string>> = {
  dark: 'vscode-dark', light: 'vscode-light', hcDark: 'vscode-high-contrast', hcLight: 'vscode-high-contrast vscode-high-contrast-light',
};
const nonce = 'dGVzdA';
const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.map': 'application/json' };

/** What stands at the other end: answers requests, and hears events. */
export interface Host {
  answer(name: RequestName, argument: unknown): unknown;
  /** Sent whenever the webview says that it is ready. */
  snapshot(): readonly HostEvent[];
}

export interface OpenPage {
  readonly page: Page;
  /** Everything that the webview sent, in order. */
  readonly sent: Envelope[];
  /** Errors and refusals of the content security policy that the browser reported. */
  readonly complaints: string[];
  send(event: HostEvent): Promise<void>;
  setTheme(theme: ThemeName): Promise<void>;
  /** Waits until every request is answered, every picture in sight is painted, and frames bring nothing new. */
  settled(): Promise<void>;
  /** Waits for so many frames of the browser. */
  frames(count: number): Promise<void>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

const out = path.resolve('test/out');
let server: Server | null = null;
let browser: Browser | null = null;

function html(origin: string, theme: ThemeName, state: unknown): string {
  const variables = { ...themes[theme], '--vscode-font-family': '"Segoe WPC", "Segoe UI", system-ui, Ubuntu, sans-serif', '--vscode-font-size': '13px', '--vscode-font-weight': 'normal', '--vscode-editor-font-family': 'monospace', '--vscode-editor-font-size': '14px' };
  // VS Code's own part of the page, which runs before the extension's.
  const bootstrap = `
    for (const [name, value] of Object.entries(${JSON.stringify(variables)})) document.documentElement.style.setProperty(name, value);
    let state = ${JSON.stringify(state ?? null)};
    const base64 = (bytes) => { let text = ''; for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768)); return btoa(text); };
    const pack = (value) => JSON.parse(JSON.stringify(value, (key, entry) => (entry instanceof ArrayBuffer ? { base64: base64(new Uint8Array(entry)) } : entry)));
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => { void window.hostReceive(pack(message)); },
      getState: () => state ?? undefined,
      setState: (next) => { state = pack(next); window.keptState = state; },
    });
    const unpack = (value) => {
      if (value !== null && typeof value === 'object') {
        if (typeof value.base64 === 'string') return Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer;
        if (typeof value.notANumber === 'string') return Number(value.notANumber);
        return Array.isArray(value) ? value.map(unpack) : Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unpack(entry)]));
      }
      return value;
    };
    window.hostPost = (message) => window.postMessage(unpack(message), '*');`;
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${origin} 'nonce-${nonce}'; font-src ${origin}; img-src ${origin} blob: data:; worker-src blob:`;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="/vscode.css"><link rel="stylesheet" href="/webview.css"><title>Backstep</title></head>
<body class="${classes[theme]}" data-vscode-theme-kind="${classes[theme]}"><div id="root"></div>
<script nonce="${nonce}">${bootstrap}</script><script type="module" nonce="${nonce}" src="/webview.js"></script></body></html>`;
}

/** The defaults that VS Code gives every webview. */
const vscodeCss = `@layer vscode-default { html { scrollbar-color: var(--vscode-scrollbarSlider-background) var(--vscode-editor-background); } body { overscroll-behavior-x: none; background-color: transparent; color: var(--vscode-editor-foreground); font-family: var(--vscode-font-family); font-weight: var(--vscode-font-weight); font-size: var(--vscode-font-size); margin: 0; padding: 0 20px; } a { color: var(--vscode-textLink-foreground); } }`;

async function serve(): Promise<string> {
  if (server === null) {
    const started = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname === '/vscode.css') return void response.setHeader('Content-Type', 'text/css').end(vscodeCss);
      if (url.pathname === '/favicon.ico') return void response.writeHead(204).end();
      if (url.pathname === '/') {
        const origin = `http://${request.headers.host}`;
        const state = url.searchParams.get('state');
        return void response.setHeader('Content-Type', 'text/html').end(html(origin, (url.searchParams.get('theme') ?? 'dark') as ThemeName, state === null ? null : JSON.parse(state)));
      }
      const file = path.join(__dirname, path.normalize(url.pathname));
      const type = types[path.extname(file)];
      if (type === undefined || !existsSync(file)) return void response.writeHead(404).end();
      response.setHeader('Content-Type', type).end(readFileSync(file));
    });
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    server = started;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The test server has no port.');
  return `http://127.0.0.1:${address.port}`;
}

async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: [...chromiumArguments] });
}

/** ArrayBuffers and numbers that JSON does not know, on the way to the page. */
function pack(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return { base64: Buffer.from(value).toString('base64') };
  if (typeof value === 'number' && !Number.isFinite(value)) return { notANumber: String(value) };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, pack(entry)]));
  return value;
}

/** Bytes on the way from the page are text. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  if ('base64' in value && typeof value.base64 === 'string') return new Uint8Array(Buffer.from(value.base64, 'base64')).buffer;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withBytes(entry)]));
}

export interface PageOptions { readonly theme?: ThemeName; readonly width?: number; readonly height?: number; readonly state?: unknown; readonly scale?: number }

/** Opens the webview with a host; resolves when the webview has said `ready` and has got its snapshot. */
export async function openWebview(host: Host, { theme = 'dark', width = 900, height = 860, state, scale = 1 }: PageOptions = {}): Promise<OpenPage> {
  browser ??= await launch();
  const origin = await serve();
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const sent: Envelope[] = [];
  const complaints: string[] = [];
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const post = (envelope: Envelope): Promise<void> => page.evaluate((message) => (window as unknown as { hostPost(message: unknown): void }).hostPost(message), pack(envelope));
  let pending = 0;
  let ready: () => void;
  const isReady = new Promise<void>((resolve) => { ready = resolve; });
  await page.exposeFunction('hostReceive', async (packed: unknown) => {
    const envelope = withBytes(packed) as Envelope;
    sent.push(envelope);
    if (envelope.kind === 'event' && envelope.event.type === 'ready') {
      for (const event of host.snapshot()) await post({ kind: 'event', event });
      ready();
    } else if (envelope.kind === 'request') {
      const { id, name, argument } = envelope;
      pending += 1;
      try {
        await post({ kind: 'reply', id, result: await host.answer(name, argument) });
      } catch (error) {
        await post({ kind: 'error', id, message: error instanceof Error ? error.message : String(error) }).catch(() => undefined);
      } finally {
        pending -= 1;
      }
    }
  });
  await page.goto(`${origin}/?theme=${theme}${state === undefined ? '' : `&state=${encodeURIComponent(JSON.stringify(state))}`}`);
  await isReady;
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  const frames = (count: number): Promise<void> => page.evaluate((wanted) => new Promise<void>((resolve) => {
    const next = (left: number): void => { if (left === 0) resolve(); else requestAnimationFrame(() => next(left - 1)); };
    next(wanted);
  }), count);
  /** Pictures in sight that are not there yet, and graphs without their boxes. */
  const missing = (): Promise<number> => page.evaluate(() => [...document.querySelectorAll('.card-waiting, .card-picture.stale, .card.waiting, .graph-layer:empty')].filter((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom >= 0 && top <= innerHeight;
  }).length);
  const settled = async (): Promise<void> => {
    for (let calm = 0; calm < 3;) {
      await frames(2);
      calm = pending === 0 && await missing() === 0 ? calm + 1 : 0;
    }
  };
  return {
    page, sent, complaints, settled, frames,
    send: (event) => post({ kind: 'event', event }),
    setTheme: (next) => page.evaluate(([names, variables]) => {
      for (const [name, value] of Object.entries(variables as Record<string, string>)) document.documentElement.style.setProperty(name, value);
      document.body.className = names;
    }, [classes[next], themes[next]] as const),
    screenshot: async (name) => {
      mkdirSync(out, { recursive: true });
      await page.screenshot({ path: path.join(out, `webview-${name}.png`) });
    },
    close: () => context.close(),
  };
}

/** Ends the browser and the server; for the suite's `after`. */
export async function closeAll(): Promise<void> {
  await browser?.close();
  browser = null;
  server?.close();
  server = null;
}
