/** The versions that were tried, for a sentence: `v1, v2`. */
export function nameVersions(keys: readonly { readonly version: string }[]): string {
  return keys.map((key) => key.version.slice(0, 32).replace(/[^ -~]/g, "?")).join(", ");
}
