import { checkReceiver } from "@holdfast/verify";
import type { DefinitionCheckers } from "../domain/definition.ts";
import type { EgressPolicy } from "../platform/egress/egress-outcome.ts";
import { vetUrl } from "../platform/egress/vet-url.ts";

/** The two judgements that a definition's check needs from outside the domain, under this operator's network rules. */
export function definitionCheckers(policy: EgressPolicy): DefinitionCheckers {
  return { checkReceiver, vetUrl: (url) => vetUrl(url, policy) };
}
