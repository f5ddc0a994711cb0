import type { Metrics } from "../platform/metrics.ts";
import type { Arrival, IngestResult, ReadySource } from "./arrival.ts";
import { draftEvent } from "./draft-event.ts";
import type { EventDraft, Recorded } from "./record-event.ts";
import type { RejectionKeeper } from "./reject.ts";
import { verifyArrival } from "./verify-arrival.ts";

export interface IngestDeps {
  /** Records one event, sharing a transaction with others; answers after COMMIT, or says why not. */
  readonly record: (
    draft: EventDraft,
  ) => Promise<
    { ok: true; value: Recorded } | { ok: false; cause: "queue_full" | "deadline" | "database" | "draining" }
  >;
  readonly rejections: RejectionKeeper;
  readonly random: (bytes: number) => Uint8Array;
  readonly publicUrl: string | null;
  readonly metrics: Metrics;
}

/**
 * Arrive → verify → record, for one arrival. Verification comes before dedupe, or a forger could poison ids. The result is
 * `recorded` or `duplicate` only after the transaction's COMMIT was confirmed.
 */
export async function ingest(deps: IngestDeps, ready: ReadySource, arrival: Arrival): Promise<IngestResult> {
  const verification = verifyArrival(ready, arrival, deps.publicUrl);
  switch (verification.kind) {
    case "handshake":
      return verification;
    case "refused": {
      const rejectionId = deps.rejections.keep(ready, arrival, verification.reason, verification.diagnosis);
      return { kind: "rejected", rejectionId, reason: verification.reason };
    }
    case "verified": {
      const recorded = await deps.record(draftEvent(ready, arrival, verification.verdict, deps.random));
      if (!recorded.ok) return { kind: "unavailable", cause: recorded.cause };
      return recorded.value;
    }
  }
}
