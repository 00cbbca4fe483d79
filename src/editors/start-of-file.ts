/** The first bytes of a file of the workspace, whatever kind of file it is. */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';

/** At most `count` bytes as text; empty when it cannot be read. Nothing but regular files is opened: a pipe would keep whoever opens it waiting for ever. */
export async function startOf(file: string, count: number): Promise<string> {
  if (!await stat(file).then((info) => info.isFile(), () => false)) return '';
  // Should a pipe have taken its place meanwhile, opening it does not wait.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => null);
  if (handle === null) return '';
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(count), 0, count, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } catch {
    return '';
  } finally {
    await handle.close();
  }
}
