import type { Receiver, ReceiverFault } from "@holdfast/verify";
import { checkReceiver, findProvider, providers } from "@holdfast/verify";
import type { DefinitionCheckers } from "../domain/definition.ts";
import { nearestName } from "../domain/field-checks.ts";
import type { EgressPolicy } from "../platform/egress/egress-outcome.ts";
import { vetUrl } from "../platform/egress/vet-url.ts";
import { compileFilter } from "../platform/event-filter.ts";
import { checkSchedule } from "../platform/schedule.ts";

/** The judgements that a definition's check needs from outside the domain, under this operator's network rules. */
export function definitionCheckers(policy: EgressPolicy): DefinitionCheckers {
  return {
    checkReceiver: checkSourceReceiver,
    vetUrl: (url) => vetUrl(url, policy),
    // What it costs is judged where the stored routes are known: one that is there already may stay.
    checkFilter: (when) => compileFilter(when, { isStored: true }),
    checkSchedule,
  };
}

function checkSourceReceiver(
  provider: string,
  receiver: Receiver,
  { batch }: { readonly batch?: string | undefined } = {},
): ReceiverFault[] {
  const slugs = providers.map(({ slug }) => slug);
  const known = findProvider(provider);
  if (known !== null)
    return [...checkReceiver(provider, receiver), ...(batch === "item" ? batchFaults(known.batchItems) : [])];
  const near = nearestName(provider, slugs);
  const help = near === null ? "docs/providers.md lists them" : `did you mean ${near}?`;
  return [{ path: "provider", problem: `no provider has the slug ${JSON.stringify(provider)}; ${help}` }];
}

/** Taken for granted it would be found out only when the events of a request stay together. */
function batchFaults(batchItems: string | null): ReceiverFault[] {
  if (batchItems !== null) return [];
  const slugs = providers.filter((provider) => provider.batchItems !== null).map(({ slug }) => slug);
  const problem = `must be event: this provider sends one event a request, so there are no items (those that send several: ${slugs.join(", ")})`;
  return [{ path: "batch", problem }];
}
