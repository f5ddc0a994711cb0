import type { DoubtfulClaim } from "../pipeline/claim.ts";
import type { LeasedDelivery } from "../pipeline/leased-delivery.ts";
import { toLeased } from "../pipeline/leased-delivery.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { findLeased } from "../store/deliveries/find-leased.ts";
import type { Queryable } from "../store/statement.ts";

/** Claims whose connection was lost before their answer came: what they have leased is in nobody's hands. */
export interface DoubtfulClaims {
  note(claim: DoubtfulClaim): void;
  /** What they turn out to have leased, each once. Asks the database at most once in a second, unless it `isLast`. */
  find(isLast: boolean): Promise<LeasedDelivery[]>;
}

const ASK_MS = 1_000;

/**
 * Keeps them until they are found or their leases have ended. A claim can take effect long after its connection is gone here,
 * when its bytes come late, so that none was found once says nothing. Without this an immediate stop of the database let what
 * was just claimed wait for its lease (seen: 92 s until a backlog was delivered that others had done in 16).
 */
export function createDoubtfulClaims(deps: {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly log: Log;
}): DoubtfulClaims {
  const claims = new Map<string, DoubtfulClaim>();
  let askedMs = -Infinity;
  return {
    note: (claim) => {
      claims.set(claim.lease, claim);
      askedMs = -Infinity;
    },
    find: async (isLast) => {
      const nowMs = deps.clock.monotonicMs();
      for (const { lease, leaseEndsMs } of claims.values()) if (leaseEndsMs <= nowMs) claims.delete(lease);
      if (claims.size === 0 || (!isLast && nowMs - askedMs < ASK_MS)) return [];
      askedMs = nowMs;
      const asked = [...claims.values()];
      const found = await deps.db.run(findLeased, [
        asked.map(({ lease }) => lease),
        asked.map(({ leaseUntil }) => leaseUntil),
      ]);
      const deliveries = found.rows.length;
      if (deliveries > 0) deps.log.warn({ deliveries }, "what a claim had leased whose answer was lost is given back");
      return found.rows.map((row) => {
        const claim = asked.find(({ lease }) => lease === row.lease)!;
        // All that it leased was leased by one statement, so it is found as a whole.
        claims.delete(claim.lease);
        return toLeased(row, { ...claim, leaseUntilMs: Date.parse(claim.leaseUntil) });
      });
    },
  };
}
