/** More than anybody configures; without a bound a list that never ends would be read for ever. */
export const CONFIGURED_MAX = 5_000;

/** Every item of a list of configured things, or of what stands of them, page by page; `isCut` when there are more than are read. */
export async function collectAll<T>(walk: AsyncIterable<T>): Promise<{ items: T[]; isCut: boolean }> {
  const items: T[] = [];
  for await (const item of walk) {
    if (items.length === CONFIGURED_MAX) return { items, isCut: true };
    items.push(item);
  }
  return { items, isCut: false };
}
