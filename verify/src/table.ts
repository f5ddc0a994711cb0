import type { Provider } from "./provider.ts";

/** Every provider, in the order of the documentation. */
export const providers: readonly Provider[] = [];

/** The provider with this slug, or null. */
export function findProvider(slug: string): Provider | null {
  return providers.find((provider) => provider.slug === slug) ?? null;
}
