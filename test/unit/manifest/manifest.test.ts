/** What VS Code reads of the extension before it runs: texts that exist, read well, and menus that offer what works. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

interface Step { readonly id: string; readonly title: string; readonly description: string; readonly media: { readonly svg: string; readonly altText: string } }
interface Entry { readonly command: string; readonly when: string }
const text = readFileSync('package.json', 'utf8');
const { contributes } = JSON.parse(text) as { readonly contributes: { readonly walkthroughs: readonly { readonly steps: readonly Step[] }[]; readonly menus: Readonly<Record<string, readonly Entry[]>>; readonly commands: readonly { readonly command: string }[] } };
const words = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Readonly<Record<string, string>>;
const said = (key: string): string => words[key.replaceAll('%', '')] ?? '';

describe('the manifest', () => {
  it('has a text for each of its keys, and no text that nothing shows', () => {
    const keys = [...text.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key ?? '');
    assert.deepEqual(keys.filter((key) => words[key] === undefined), []);
    assert.deepEqual(Object.keys(words).filter((key) => !keys.includes(key)), []);
  });

  it('has a walkthrough whose steps are plain text, with pictures that are described', () => {
    const commands = new Set(contributes.commands.map(({ command }) => command));
    for (const { id, title, description, media } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      assert.ok(existsSync(media.svg), media.svg);
      assert.ok(said(media.altText).length > 40 && said(media.altText) !== said(title), `${id}: the picture is described`);
      assert.doesNotMatch(said(description), /`/, `${id}: VS Code shows no code in walkthroughs`);
      for (const [, command = ''] of said(description).matchAll(/\(command:([^)]+)\)/g)) assert.ok(commands.has(command) || command.startsWith('workbench.'), command);
    }
  });

  it('offers Step Through on the files that run', () => {
    const { when = '' } = contributes.menus['explorer/context']?.find(({ command }) => command === 'backstep.stepThrough') ?? {};
    for (const extension of ['keras', 'h5', 'hdf5', 'onnx', 'tflite']) assert.match(when, new RegExp(`[(|]${extension}[|)]`));
  });

  it('offers views of a paused program only while a program is debugged', () => {
    for (const { command } of contributes.commands.filter((entry) => /\.view(Tensor|As)/.test(entry.command))) {
      assert.equal(contributes.menus.commandPalette?.find((entry) => entry.command === command)?.when, 'inDebugMode', command);
    }
  });
});
