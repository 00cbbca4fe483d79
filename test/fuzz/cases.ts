/** Cases on disk, and making them: a seed of the corpus, mutated by numbers that come from one number. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Seed } from './corpus';
import { readerOf } from './corpus';
import { Random } from './random';
import { mutate } from './structures';

/** Files by name in one folder, and the one that is opened. */
export interface Case { readonly reader: string; readonly label: string; readonly main: string; readonly files: ReadonlyMap<string, Uint8Array> }

/** The case of a number: one to three mutations of the main file, or now and then of one beside it. */
export function makeCase(seed: Seed, number: number, all: readonly Seed[]): Case {
  const random = new Random(number);
  const kin = all.filter(({ reader }) => reader === seed.reader);
  const files = new Map(seed.files);
  const beside = [...seed.files.keys()].filter((name) => name !== seed.main);
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times -= 1) {
    const target = beside.length > 0 && random.chance(0.25) ? random.pick(beside) : seed.main;
    const donor = random.pick(kin);
    if (target !== seed.main && random.chance(0.1)) { files.delete(target); continue; }
    files.set(target, mutate(files.get(target) ?? new Uint8Array(0), target, random, donor.files.get(donor.main) ?? new Uint8Array(0)));
  }
  return { reader: seed.reader, label: seed.label, main: seed.main, files };
}

/** Writes a case into a folder, of which nothing else is left, and gives the path of its main file. */
export function writeCase(folder: string, { main, files }: Case): string {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, bytes] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return path.join(folder, main);
}

/** The kept cases: folders below `<reader>/`, each with its files. */
export function keptCases(folder: string): readonly Case[] {
  return (existsSync(folder) ? readdirSync(folder) : []).sort().flatMap((reader) => readdirSync(path.join(folder, reader)).sort().map((name) => {
    const home = path.join(folder, reader, name);
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).sort().filter((file) => statSync(path.join(home, file)).isFile());
    const main = files.find((file) => readerOf(file) === reader);
    if (main === undefined) throw new Error(`${home} holds no file for the reader ${reader}.`);
    return { reader, label: `${reader}/${name}`, main, files: new Map(files.map((file) => [file, new Uint8Array(readFileSync(path.join(home, file)))])) };
  }));
}
