/** What a replay has counted while it scanned. Grows batch by batch, in the transaction that moves its cursor. */
export interface ReplayTally {
  readonly scanned: number;
  /** Events that got at least one delivery, or one that waited let go; rejections that became events. */
  readonly replayed: number;
  /** Processed already, or under way by themselves. */
  readonly skipped: number;
  /** Events that were neither, by reason. */
  readonly notReplayed: Readonly<Record<string, number>>;
  readonly deliveries: number;
  /** Events whose stored body does not have its recorded SHA-256. None of them is replayed. */
  readonly bodiesDamaged: number;
  /** By what the replayed ones were found genuine. */
  readonly verified: Readonly<Record<VerifiedBy, number>>;
}

/**
 * `signature`: by a secret that is in force. `retired_secret`: by one that was in force at the receipt and is not any more.
 * `recorded_verdict`: by the verdict of the receipt and the hash of the body, where what was signed with is not stored.
 */
export const VERIFIED_BY = ["signature", "retired_secret", "recorded_verdict"] as const;
export type VerifiedBy = (typeof VERIFIED_BY)[number];

export const EMPTY_TALLY: ReplayTally = {
  scanned: 0,
  replayed: 0,
  skipped: 0,
  notReplayed: {},
  deliveries: 0,
  bodiesDamaged: 0,
  verified: { signature: 0, retired_secret: 0, recorded_verdict: 0 },
};

/** What one scanned arrival came to. */
export type ScanResult =
  | { readonly kind: "replayed"; readonly deliveries: number; readonly verifiedBy: VerifiedBy }
  | { readonly kind: "skipped" }
  | { readonly kind: "not_replayed"; readonly reason: string };

/** The reason under which a damaged body is counted. */
export const BODY_DAMAGED = "body_damaged";

/** Adds what a batch came to. */
export function addResults(tally: ReplayTally, results: readonly ScanResult[]): ReplayTally {
  const sum = { ...tally, notReplayed: { ...tally.notReplayed }, verified: { ...tally.verified } };
  for (const result of results) {
    sum.scanned++;
    switch (result.kind) {
      case "replayed":
        sum.replayed++;
        sum.deliveries += result.deliveries;
        sum.verified[result.verifiedBy]++;
        break;
      case "skipped":
        sum.skipped++;
        break;
      case "not_replayed":
        sum.notReplayed[result.reason] = (sum.notReplayed[result.reason] ?? 0) + 1;
        if (result.reason === BODY_DAMAGED) sum.bodiesDamaged++;
        break;
    }
  }
  return sum;
}

/** Where the events of a replay stand, each by the worst of its deliveries: dead, then queued, withdrawn, processed. */
export interface ReplayStanding {
  readonly dead: number;
  readonly queued: number;
  readonly withdrawn: number;
  readonly processed: number;
  /** Deliveries of the replay, whatever became of them. */
  readonly deliveries: number;
  /** Keys that have more than one processed delivery. */
  readonly doubled: number;
  /** Deliveries that are neither queued nor in the history. */
  readonly lost: number;
}

/** The summary as the field writes it, and what its numbers were checked by. */
export interface ReplaySummary {
  readonly events_scanned: number;
  readonly replayed: number;
  readonly duplicate_skipped: number;
  readonly processed: number;
  readonly failed_permanent: number;
  readonly still_waiting: number;
  readonly integrity_check: "pass" | "fail";
}

export interface IntegrityCheck {
  readonly name: "numbers_add_up" | "bodies_intact" | "every_delivery_accounted_for" | "one_effect_per_key";
  readonly passed: boolean;
  readonly detail: string;
}

/**
 * Sums up. An event is counted once however many destinations it has; one that no route wanted counts as processed, since
 * nothing is left to do for it.
 */
export function summarize(
  tally: ReplayTally,
  standing: ReplayStanding,
): {
  readonly summary: ReplaySummary;
  readonly checks: readonly IntegrityCheck[];
  readonly notReplayed: Record<string, number>;
} {
  const replayed = tally.replayed - standing.withdrawn;
  const processed = replayed - standing.dead - standing.queued;
  const notReplayed = {
    ...tally.notReplayed,
    ...(standing.withdrawn > 0 ? { withdrawn: standing.withdrawn } : {}),
  };
  const left = Object.values(notReplayed).reduce((sum, count) => sum + count, 0);
  const checks: IntegrityCheck[] = [
    {
      name: "numbers_add_up",
      passed:
        tally.scanned === replayed + tally.skipped + left &&
        processed >= standing.processed &&
        standing.deliveries === tally.deliveries,
      detail: `${tally.scanned} scanned = ${replayed} replayed + ${tally.skipped} skipped + ${left} not replayed; ${replayed} = ${processed} processed + ${standing.dead} failed + ${standing.queued} waiting`,
    },
    {
      name: "bodies_intact",
      passed: tally.bodiesDamaged === 0,
      detail: `${tally.scanned - tally.bodiesDamaged} of ${tally.scanned} bodies have their recorded SHA-256`,
    },
    {
      name: "every_delivery_accounted_for",
      passed: standing.lost === 0,
      detail: `${tally.deliveries} deliveries, ${standing.lost} of them neither queued nor finished`,
    },
    {
      name: "one_effect_per_key",
      passed: standing.doubled === 0,
      detail: `${standing.doubled} keys with more than one processed delivery`,
    },
  ];
  return {
    summary: {
      events_scanned: tally.scanned,
      replayed,
      duplicate_skipped: tally.skipped,
      processed,
      failed_permanent: standing.dead,
      still_waiting: standing.queued,
      integrity_check: checks.every(({ passed }) => passed) ? "pass" : "fail",
    },
    checks,
    notReplayed,
  };
}
