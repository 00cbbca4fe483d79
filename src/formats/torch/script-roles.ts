/** Which attributes of TorchScript's modules are parameters and which are buffers: the two lists at the head of each class in the archive's code, read as text. */
import type { Zip } from '../containers/zip';

/** Names of parameters and buffers by the path of the class: `__torch__.torch.nn.modules.linear.Linear`. */
export type ScriptRoles = ReadonlyMap<string, { readonly parameters: ReadonlySet<string>; readonly buffers: ReadonlySet<string> }>;

const maximalFiles = 10_000;
const maximalCode = 4 * 2 ** 20;
const head = /^class (\w+)\(Module\):\n {2}__parameters__ = \[([^\]]*)\]\n {2}__buffers__ = \[([^\]]*)\]/gm;
const names = (list: string | undefined): ReadonlySet<string> => new Set(list?.match(/(?<=")[^"]+(?=", )/g) ?? []);

/** Roles in the archive whose members begin with `folder`. @throws Failure `zip.*` when its code cannot be unpacked */
export async function rolesOf(zip: Zip, folder: string): Promise<ScriptRoles> {
  const prefix = `${folder}code/`;
  const files = [...zip.members.values()].filter(({ name, size }) => name.startsWith(`${prefix}__torch__`) && name.endsWith('.py') && size > 0 && size <= maximalCode).slice(0, maximalFiles);
  const found = await Promise.all(files.map(async ({ name }) => {
    const module = name.slice(prefix.length, -'.py'.length).replaceAll('/', '.');
    return [...new TextDecoder().decode(await zip.read(name, maximalCode)).matchAll(head)].map(([, type, parameters, buffers]) => [`${module}.${type ?? ''}`, { parameters: names(parameters), buffers: names(buffers) }] as const);
  }));
  return new Map(found.flat());
}
