import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { RejectionDraft, RejectionKeeper } from "../pipeline/reject.ts";
import { draftRejection, storeRejections } from "../pipeline/reject.ts";
import type { Database } from "../store/database.ts";
import { createGroupCommit } from "./group-commit.ts";

// A source that is forged against at full speed keeps a fair sample, not everything.
const KEPT_PER_SECOND = 50;
const KEPT_BURST = 500;
const MIB = 1_048_576;

/** The background writer of rejections: bounded in rate per source, in number and in bytes; what is dropped is counted. */
export function createRejectionStore(deps: {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly metrics: Metrics;
}): RejectionKeeper & { drain(): Promise<void> } {
  const allow = createAllowance(deps.clock);
  const writer = createGroupCommit<RejectionDraft, null>({
    lanes: 1,
    itemsMax: 64,
    bytesMax: 8 * MIB,
    queueItemsMax: 1_000,
    queueBytesMax: 32 * MIB,
    deadlineMs: 10_000,
    clock: deps.clock,
    sizeOf: (draft) => draft.body.length + draft.headers.length + 1_000,
    keysOf: () => [],
    run: (drafts) =>
      deps.db.transaction(async (tx) => {
        await storeRejections(tx, drafts);
        return drafts.map(() => null);
      }, 5_000),
  });
  return {
    keep(ready, arrival, reason, diagnosis) {
      deps.metrics.rejections.inc({ source: ready.source.name, reason });
      const draft = draftRejection(ready, arrival, reason, diagnosis, deps.random);
      if (allow(ready.source.id)) {
        void writer.submit(draft).then((result) => {
          if (!result.ok) deps.metrics.rejectionsUnkept.inc();
        });
      } else deps.metrics.rejectionsUnkept.inc();
      return draft.id;
    },
    drain: () => writer.drain(),
  };
}

function createAllowance(clock: Clock): (sourceId: string) => boolean {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return (sourceId) => {
    const nowMs = clock.monotonicMs();
    const bucket = buckets.get(sourceId) ?? { tokens: KEPT_BURST, atMs: nowMs };
    bucket.tokens = Math.min(KEPT_BURST, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * KEPT_PER_SECOND);
    bucket.atMs = nowMs;
    buckets.set(sourceId, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };
}
