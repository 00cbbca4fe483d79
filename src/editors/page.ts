/** The HTML shell that every Backstep webview gets: no content of its own, a strict policy, our script and style sheet. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** What a webview may load: the bundle and the icons, nothing else of the extension and nothing of the workspace. */
export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions & vscode.WebviewPanelOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extension, 'dist'), vscode.Uri.joinPath(extension, 'media')] };
}

/** Fills a webview with the shell. All that is shown comes later, as messages. */
export function fillPage(webview: vscode.Webview, extension: vscode.Uri, title: string): void {
  const nonce = randomBytes(16).toString('base64url');
  const script = webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', 'webview.js'));
  const style = webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', 'webview.css'));
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} blob: data:`,
    // The layout of large graphs, whose code is part of our script; only it can make a blob here.
    'worker-src blob:',
  ].join('; ');
  webview.html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" nonce="${nonce}" href="${escaped(style.toString())}">
<title>${escaped(title)}</title>
</head>
<body>
<div id="root"></div>
<script type="module" nonce="${nonce}" src="${escaped(script.toString())}"></script>
</body>
</html>`;
}

/** Text for an attribute or element: file names are the user's, and may hold anything. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
