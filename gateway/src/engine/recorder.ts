import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { HeadRanks } from "../domain/fair-queue.ts";
import { watchHead } from "../domain/fair-queue.ts";
import type { EventDraft, Recorded } from "../pipeline/record-event.ts";
import { openLedger } from "../pipeline/ledger.ts";
import { createBatchRecorder } from "../pipeline/record-batch.ts";
import type { Database } from "../store/database.ts";
import { BY_INDEX } from "../store/plans.ts";
import type { GroupCommit } from "./group-commit.ts";
import { createGroupCommit } from "./group-commit.ts";

const MIB = 1_048_576;

/** The events of one arrival: recorded together or not at all. */
type Drafts = readonly EventDraft[];

/** How the connections are opened that a recorder writes over. */
export const RECORDER_POOL = { pipelined: true, plans: BY_INDEX } as const;

/**
 * Records events with group commit: concurrent arrivals share one transaction. `onRecorded` is told after COMMIT, so that a
 * worker in the same process need not wait for its next look.
 */
export function createRecorder(deps: {
  readonly db: Database;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly ranks: HeadRanks;
  readonly lanes: number;
  readonly deadlineMs: number;
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
  /** @param quiet so many of them stand at the head of their class: their lanes had nothing waiting */
  readonly onRecorded: (quiet: number) => void;
  /** Is told how long each committed transaction took, in milliseconds. */
  readonly onCommit?: (durationMs: number) => void;
  readonly onThrown?: (error: unknown) => void;
}): GroupCommit<Drafts, readonly Recorded[]> {
  const record = createBatchRecorder({ db: deps.db, ledger: openLedger(), clock: deps.clock });
  return createGroupCommit<Drafts, readonly Recorded[]>({
    lanes: deps.lanes,
    laneItemsMin: 16,
    promptItems: 28,
    itemsMax: 128,
    bytesMax: 32 * MIB,
    queueItemsMax: deps.queueItemsMax,
    queueBytesMax: deps.queueBytesMax,
    deadlineMs: deps.deadlineMs,
    clock: deps.clock,
    sizeOf: (drafts) => drafts.reduce((sum, { body, headers }) => sum + body.length + headers.length + 1_000, 0),
    keysOf: (drafts) => drafts.flatMap((draft) => draft.keys.map((place) => place.key)),
    onBatch: (size) => deps.metrics.recordBatchSize.observe(size),
    ...(deps.onThrown === undefined ? {} : { onThrown: deps.onThrown }),
    run: async (groups, isRepeat) => {
      const drafts = groups.flat();
      const seen = { quiet: 0 };
      const options = { now: deps.clock.now(), isRepeat, ranks: watchHead(deps.ranks, seen) };
      const startedMs = deps.clock.monotonicMs();
      const result = await record(drafts, options, deps.deadlineMs);
      const tookMs = deps.clock.monotonicMs() - startedMs;
      if (!result.ok) return result;
      deps.metrics.recordSeconds.observe(tookMs / 1_000);
      deps.onCommit?.(tookMs);
      // What goes nowhere gives nobody work: a claim for each batch of it would cost as much as a third of its commit.
      if (drafts.some(({ deliveries }) => deliveries.length > 0)) deps.onRecorded(seen.quiet);
      return { ok: true, value: regroup(groups, result.value) };
    },
  });
}

/** The results of each arrival's drafts, out of those of all. */
function regroup(groups: readonly Drafts[], results: readonly Recorded[]): (readonly Recorded[])[] {
  let at = 0;
  return groups.map((drafts) => results.slice(at, (at += drafts.length)));
}
