import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { toPublicId } from "../domain/id.ts";
import type { RejectionDiagnosis } from "../pipeline/explain-refusal.ts";
import type { RejectionDraft, RejectionKeeper } from "../pipeline/reject.ts";
import { draftRejection, storeRejections } from "../pipeline/reject.ts";
import type { Database } from "../store/database.ts";
import { createAllowance } from "./allowance.ts";
import { createGroupCommit } from "./group-commit.ts";
import type { RetryLoops } from "./retry-loops.ts";

// A source that is forged against at full speed keeps a fair sample, not everything.
const KEPT_PER_SECOND = 50;
const KEPT_BURST = 500;
const MIB = 1_048_576;
/** Nor in bytes: of the largest bodies that a source takes, fifty a second would fill a disk within the hour. */
const KEPT_BYTES = { burst: 64 * MIB, perSecond: MIB / 8 };
/** What a row costs beside its bytes. */
const ROW_BYTES = 1_000;

/**
 * The background writer of rejections: bounded for each source in number and in bytes, and none is kept while the disk is low;
 * what is dropped is counted.
 */
export function createRejectionStore(deps: {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly loops: RetryLoops;
  /** Whether the disk has less room than what comes for certain shall have. */
  readonly isDiskLow: () => boolean;
}): RejectionKeeper & { drain(): Promise<void> } {
  const allow = createAllowance(deps.clock, { burst: KEPT_BURST, perSecond: KEPT_PER_SECOND });
  const allowBytes = createAllowance(deps.clock, KEPT_BYTES);
  const writer = createGroupCommit<RejectionDraft, null>({
    lanes: 1,
    itemsMax: 64,
    bytesMax: 8 * MIB,
    queueItemsMax: 1_000,
    queueBytesMax: 32 * MIB,
    deadlineMs: 10_000,
    clock: deps.clock,
    sizeOf,
    keysOf: () => [],
    onThrown: (error) => deps.log.error({ error: messageOf(error) }, "rejections could not be worked on"),
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
      if (!deps.isDiskLow() && allow(ready.source.id) && allowBytes(ready.source.id, sizeOf(draft))) {
        noteRepeat(deps.loops, ready.source.name, draft);
        report(deps.log, ready.source.name, draft.id, reason, diagnosis);
        void writer.submit(draft).then((result) => {
          if (!result.ok) deps.metrics.rejectionsUnkept.inc();
        });
      } else deps.metrics.rejectionsUnkept.inc();
      return draft.id;
    },
    drain: () => writer.drain(),
  };
}

function sizeOf({ body, headers }: RejectionDraft): number {
  return body.length + headers.length + ROW_BYTES;
}

// Of those that are kept alone: a forger makes a loop of every third request.
function noteRepeat(loops: RetryLoops, source: string, draft: RejectionDraft): void {
  const { sourceId, reason, receivedAt: at } = draft;
  const fingerprint = Buffer.from(draft.bodySha256).toString("hex");
  loops.note({ sourceId, source, kind: "rejection", fingerprint, cause: "refused", reason, at });
}

// The same words as in the stored rejection. They quote neither a secret nor the body.
function report(log: Log, source: string, id: string, reason: string, diagnosis: RejectionDiagnosis): void {
  const { summary, likelyCause } = diagnosis;
  log.info({ rejection: toPublicId("rej", id), source, reason, likelyCause, summary }, "arrival rejected");
}
