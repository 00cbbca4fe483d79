/** Asks for what a run needs and no launch configuration says: data, loss, optimizer, batch size. Enter takes the default each time. */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import type { DataConfig, OptimizerConfig, RunConfig } from '../../engine/config';
import type { Network } from '../../network/network';
import { compiledLoss, compiledOptimizer, exampleShape, fittingBatch, fittingGenerators, fittingLoss, generatorData, losses, lossText, optimizers } from './suggestions';

const { l10n } = vscode;
const steps = 4;

type Loss = NonNullable<RunConfig['loss']>;

export interface Answers { readonly data: DataConfig; readonly loss?: Loss; readonly optimizer?: OptimizerConfig; readonly batchSize: number }

interface Choice<Value> extends vscode.QuickPickItem { readonly value: Value }

async function choose<Value>(title: string, step: number, placeHolder: string, choices: readonly Choice<Value>[]): Promise<Choice<Value> | null> {
  return await vscode.window.showQuickPick(choices, { title: `${title} (${step}/${steps})`, placeHolder, ignoreFocusOut: true, matchOnDescription: true }) ?? null;
}

/** The answers, or null when the person left. @param file the model's path, for the title and for where file dialogs start. @param macs multiply-adds of one example, null when unknown */
export async function ask(network: Network, file: string, macs: number | null): Promise<Answers | null> {
  const title = l10n.t('Step Through {0}', path.basename(file));
  const wantedLoss = compiledLoss(network) ?? fittingLoss(network);
  const data = await askData(title, network, path.dirname(file), wantedLoss);
  if (data === null) return null;
  const loss = await askLoss(title, network);
  if (loss === null) return null;
  const optimizer = await askOptimizer(title, network);
  if (optimizer === null) return null;
  const batchSize = await vscode.window.showInputBox({
    title: `${title} (4/${steps})`, prompt: l10n.t('Examples in one iteration'), value: String(fittingBatch(network, macs)), ignoreFocusOut: true,
    validateInput: (text) => (/^[1-9]\d{0,6}$/.test(text.trim()) ? null : l10n.t('A whole number of at least 1')),
  });
  if (batchSize === undefined) return null;
  return { data, ...loss, ...optimizer, batchSize: Number(batchSize) };
}

const generatorDetails: Readonly<Record<string, string>> = {
  digits: l10n.t('Handwritten-like digits, 28 × 28, made from a seed'),
  clusters: l10n.t('Two clusters of points in the plane'), circles: l10n.t('A circle of points within a ring'),
  xor: l10n.t('Points in four quadrants, opposite ones alike'), spiral: l10n.t('Points on two spirals'),
  patterns: l10n.t('Made-up examples in this network\'s shapes, one pattern a class'),
};

async function askData(title: string, network: Network, folder: string, loss: Loss): Promise<DataConfig | null> {
  const shape = exampleShape(network, network.inputs[0])?.map((extent) => extent ?? '?').join(' × ') ?? '?';
  const fitting = fittingGenerators(network);
  const generated = fitting.map((generator): Choice<() => Promise<DataConfig | null>> => (
    { label: generator, description: generatorDetails[generator] ?? '', value: () => Promise.resolve(generatorData(generator, loss)) }));
  const picked = await choose(title, 1, l10n.t('What shall it learn from? One example has the shape {0}', shape), [
    ...generated,
    { label: l10n.t('CSV file …'), description: l10n.t('columns chosen by name'), value: () => askCsv(folder, title) },
    { label: l10n.t('IDX images …'), description: l10n.t('MNIST\'s format, plain or .gz'), value: () => askTwo(folder, l10n.t('Images'), l10n.t('Labels'), undefined, (idx, labels) => ({ idx, labels })) },
    { label: l10n.t('NumPy arrays …'), description: '.npy', value: () => askTwo(folder, l10n.t('Inputs (x)'), l10n.t('Labels (y)'), ['npy'], (x, y) => ({ x, y })) },
  ]);
  return picked === null ? null : picked.value();
}

async function askLoss(title: string, network: Network): Promise<{ loss?: Loss } | null> {
  const compiled = compiledLoss(network);
  const fitting = fittingLoss(network);
  const rest = losses.filter((loss) => loss !== fitting);
  const picked = await choose<Loss | null>(title, 2, l10n.t('How is the output compared with the labels?'), [
    ...(network.compile?.loss == null ? [] : [{ label: l10n.t('As in the model file'), description: compiled === null ? '' : lossText(compiled), value: null }]),
    { label: lossText(fitting), description: network.outputs.length > 1 ? l10n.t('fits the network\'s outputs') : l10n.t('fits the network\'s output'), value: fitting },
    ...rest.map((loss) => ({ label: lossText(loss), value: loss })),
  ]);
  if (picked === null) return null;
  return picked.value === null ? {} : { loss: picked.value };
}

async function askOptimizer(title: string, network: Network): Promise<{ optimizer?: OptimizerConfig } | null> {
  const compiled = compiledOptimizer(network);
  const picked = await choose<OptimizerConfig | null>(title, 3, l10n.t('How are the weights updated?'), [
    ...(compiled === null ? [] : [{ label: l10n.t('As in the model file'), description: compiled, value: null }]),
    ...optimizers.map((optimizer) => ({ label: optimizer.type, description: l10n.t('learning rate {0}', String(optimizer.learningRate)), value: optimizer })),
  ]);
  if (picked === null) return null;
  return picked.value === null ? {} : { optimizer: picked.value };
}

async function askFile(folder: string, title: string, extensions: string[] | undefined): Promise<string | null> {
  const found = await vscode.window.showOpenDialog({ title, defaultUri: vscode.Uri.file(folder), ...(extensions === undefined ? {} : { filters: { [extensions.join(', ')]: extensions } }) });
  return found?.[0]?.fsPath ?? null;
}

async function askTwo(folder: string, first: string, second: string, extensions: string[] | undefined, make: (first: string, second: string) => DataConfig): Promise<DataConfig | null> {
  const one = await askFile(folder, first, extensions);
  if (one === null) return null;
  const two = await askFile(path.dirname(one), second, extensions);
  return two === null ? null : make(one, two);
}

/** The header of a CSV file gives the columns to choose from. */
async function askCsv(folder: string, title: string): Promise<DataConfig | null> {
  const csv = await askFile(folder, l10n.t('CSV file'), ['csv', 'tsv', 'txt']);
  if (csv === null) return null;
  const columns = (await firstLine(csv)).split(/[,;\t]/).map((name) => name.trim().replace(/^"(.*)"$/, '$1')).filter((name) => name !== '');
  const label = await vscode.window.showQuickPick(columns, { title, placeHolder: l10n.t('Which column is to be predicted?'), ignoreFocusOut: true });
  if (label === undefined) return null;
  const others = columns.filter((name) => name !== label).map((name) => ({ label: name, picked: true }));
  const features = await vscode.window.showQuickPick(others, { title, placeHolder: l10n.t('Which columns are the input?'), canPickMany: true, ignoreFocusOut: true });
  return features === undefined || features.length === 0 ? null : { csv, features: features.map((item) => item.label), label };
}

async function firstLine(file: string): Promise<string> {
  const stream = createReadStream(file, { end: 65_535, encoding: 'utf8' });
  try {
    for await (const line of createInterface({ input: stream })) return line.replace(/^\uFEFF/, '');
    return '';
  } finally {
    stream.destroy();
  }
}
