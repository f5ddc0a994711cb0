import type { Clock } from "../../../src/platform/clock.ts";
import { createEgress, type EgressLimits } from "../../../src/platform/egress/create-egress.ts";
import type { Egress, EgressOutcome, EgressRequest } from "../../../src/platform/egress/egress-outcome.ts";
import type { HostLookup } from "../../../src/platform/egress/look-up-host.ts";
import { silentLog } from "../../../src/platform/log.ts";

/** Only this one loopback address is allowed: 127.0.0.2 and ::1 stay private, so canaries can listen there. */
export const ALLOWED = "127.0.0.1/32";

export interface OpenEgress {
  allowCidrs?: string[];
  lookup?: HostLookup;
  limits?: Partial<EgressLimits>;
  clock?: Clock;
}

/** An egress as the product makes it, for tests that talk to fakes on loopback. */
export function openEgress(given: OpenEgress = {}): Egress {
  return createEgress({
    policy: { allowCidrs: given.allowCidrs ?? [ALLOWED] },
    log: silentLog,
    lookup: given.lookup ?? (async () => ({ ok: false, detail: "this test has no names" })),
    limits: given.limits ?? {},
    ...(given.clock === undefined ? {} : { clock: given.clock }),
  });
}

/** A POST with generous deadlines; a test that means a deadline gives its own. */
export function post(egress: Egress, url: string, given: Partial<EgressRequest> = {}): Promise<EgressOutcome> {
  const body = new TextEncoder().encode('{"hello":"wörld"}');
  return egress.post({ url, headers: [], body, totalTimeoutMs: 20_000, connectTimeoutMs: 5_000, ...given });
}

/** What an outcome is, in one word or number, for tables. */
export function brief(outcome: EgressOutcome): string | number {
  if (outcome.kind === "response") return outcome.status;
  return outcome.kind === "blocked" ? `blocked ${outcome.reason}` : outcome.fault;
}
