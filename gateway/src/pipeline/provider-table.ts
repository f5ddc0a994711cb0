import type { Provider } from "@holdfast/verify";
import { providers } from "@holdfast/verify";
import { CHOSEN_SECRET_PROVIDERS } from "../domain/chosen-secret.ts";

/** A provider as whoever sets up a source needs to know it. */
export interface ProviderRow extends Provider {
  /** Whether its customer chooses the secret, so that one can be made here. */
  readonly choosesSecret: boolean;
}

/** Every provider of this build, in the order of docs/providers.md. */
export function listProviders(): readonly ProviderRow[] {
  return providers.map((provider) => ({
    ...provider,
    choosesSecret: CHOSEN_SECRET_PROVIDERS.includes(provider.slug),
  }));
}
