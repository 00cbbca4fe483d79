/** Which part of many numbers is shown around one of them. */

/** `shown` numbers of `extent` with `centre` among them. */
export function windowAround(centre: number, shown: number, extent: number): { readonly first: number; readonly last: number } {
  const size = Math.min(shown, extent);
  const first = Math.max(0, Math.min(extent - size, centre - Math.floor(size / 2)));
  return { first, last: first + size - 1 };
}
