import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { EventDraft, Recorded } from "../pipeline/record-event.ts";
import { openLedger } from "../pipeline/ledger.ts";
import { recordEvents } from "../pipeline/record-event.ts";
import type { Database } from "../store/database.ts";
import type { GroupCommit } from "./group-commit.ts";
import { createGroupCommit } from "./group-commit.ts";

const MIB = 1_048_576;

/**
 * Records events with group commit: concurrent arrivals share one transaction. `onRecorded` is told after COMMIT, so that a
 * worker in the same process need not wait for its next look.
 */
export function createRecorder(deps: {
  readonly db: Database;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly lanes: number;
  readonly deadlineMs: number;
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
  readonly onRecorded: () => void;
  /** Is told how long each transaction took, in milliseconds, whatever became of it. */
  readonly onCommit?: (durationMs: number) => void;
}): GroupCommit<EventDraft, Recorded> {
  const ledger = openLedger();
  return createGroupCommit<EventDraft, Recorded>({
    lanes: deps.lanes,
    laneItemsMin: 32,
    itemsMax: 128,
    bytesMax: 32 * MIB,
    queueItemsMax: deps.queueItemsMax,
    queueBytesMax: deps.queueBytesMax,
    deadlineMs: deps.deadlineMs,
    clock: deps.clock,
    sizeOf: (draft) => draft.body.length + draft.headers.length + 1_000,
    keysOf: (draft) => draft.keys.map((place) => place.key),
    onBatch: (size) => deps.metrics.recordBatchSize.observe(size),
    run: async (drafts, isRepeat) => {
      const options = { ledger, now: deps.clock.now(), isRepeat };
      const startedMs = deps.clock.monotonicMs();
      const result = await deps.db.transaction((tx) => recordEvents(tx, drafts, options), deps.deadlineMs);
      const tookMs = deps.clock.monotonicMs() - startedMs;
      deps.metrics.recordSeconds.observe(tookMs / 1_000);
      deps.onCommit?.(tookMs);
      if (result.ok) deps.onRecorded();
      return result;
    },
  });
}
