import { ApiFault, createApi } from "@holdfast/client";
import { describeFault } from "../config/config-fault.ts";
import type { CompleteDefinition } from "../domain/definition.ts";
import { type Finding, wrong } from "./describe-status.ts";
import { findGateway, type GatewayFlags } from "./find-gateway.ts";
import type { Shell } from "./shell.ts";

/** The filters of a valid file that a start would refuse all the same, for what they may cost one event: those that are new to the gateway. */
export async function checkFilters(
  shell: Shell,
  flags: GatewayFlags,
  definition: CompleteDefinition | null,
): Promise<Finding[]> {
  if (definition === null) return [];
  const { findCostlyFilters } = await import("../platform/costly-filters.ts");
  const { routes } = definition;
  if (findCostlyFilters(routes, new Map()).length === 0) return [];
  const stored = await readStored(shell, flags);
  const remedy =
    stored === null
      ? "A start refuses it, unless the gateway has this very filter already: none could be asked."
      : "A start refuses it. Write it so that an event costs no more than its size: docs/configuration.md.";
  return findCostlyFilters(routes, stored ?? new Map()).map((fault) =>
    wrong("configuration", describeFault(fault), remedy),
  );
}

/** What the gateway has taken, by the routes' names; null where it cannot be asked. */
async function readStored(shell: Shell, flags: GatewayFlags): Promise<ReadonlyMap<string, string | null> | null> {
  const found = await findGateway(shell, flags);
  if (!found.ok) return null;
  const { adminUrl, adminToken } = found.address;
  try {
    const { routes } = await createApi({ url: adminUrl, token: adminToken, timeoutMs: 10_000 }).configuration();
    return new Map(routes.map(({ name, when }) => [name, when]));
  } catch (error) {
    if (error instanceof ApiFault) return null;
    throw error;
  }
}
