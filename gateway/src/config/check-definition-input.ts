import { checkReceiver } from "@holdfast/verify";
import { checkDefinition, type CompleteDefinition } from "../domain/definition.ts";
import { vetUrl } from "../platform/egress/vet-url.ts";
import { compileFilter } from "../platform/event-filter.ts";
import { checkSchedule } from "../platform/schedule.ts";
import type { ConfigFault } from "./config-fault.ts";

/**
 * Checks what the configuration file declares as the gateway will check it when it applies it: the receiver of every
 * source, the URL of every destination against the networks that deliveries may reach.
 */
export function checkDefinitionInput(
  input: Readonly<Record<string, unknown>>,
  allowCidrs: readonly string[],
): { readonly definition: CompleteDefinition | null; readonly faults: readonly ConfigFault[] } {
  const checked = checkDefinition(input, {
    checkReceiver,
    vetUrl: (url) => vetUrl(url, { allowCidrs: [...allowCidrs] }),
    // What it costs is judged where the stored routes are known: one that is there already may stay.
    checkFilter: (when) => compileFilter(when, { isStored: true }),
    checkSchedule,
  });
  return checked.ok ? { definition: checked.definition, faults: [] } : { definition: null, faults: checked.faults };
}
