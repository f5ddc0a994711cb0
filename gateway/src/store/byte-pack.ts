/** Packs many byte strings into one parameter, with 1-based positions as `substring` counts them. */
export interface BytePack {
  /** Adds bytes and tells where they stand. */
  add(bytes: Uint8Array): { readonly at: number; readonly length: number };
  toBuffer(): Buffer;
}

export function createBytePack(): BytePack {
  const parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      const at = size + 1;
      parts.push(bytes);
      size += bytes.length;
      return { at, length: bytes.length };
    },
    toBuffer: () => Buffer.concat(parts, size),
  };
}
