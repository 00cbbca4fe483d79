/** What it says when an iteration needs more memory than the backend has. */

/** From here on a trap of WebAssembly, whose memory ends at 4 GiB, is taken for the end of its memory. */
const nearlyFull = 2 ** 31;

/** A sentence for an error that the lack of memory made, or null for any other. @param bytes of all tensors alive when it came */
export function memorySentence(error: unknown, bytes: number): string | null {
  const isFull = error instanceof Error && error.name === 'RuntimeError' ? bytes >= nearlyFull : error instanceof RangeError && /allocation failed|array length/i.test(error.message);
  if (!isFull) return null;
  return `its tensors take more memory than there is (${(bytes / 2 ** 30).toFixed(1)} GiB so far; WebAssembly ends at 4 GiB). Take fewer examples a batch, smaller inputs, or the backend "tensorflow".`;
}
