import type { Metrics } from "../platform/metrics.ts";
import type { Arrival, IngestResult, ReadySource } from "./arrival.ts";
import { draftEvent } from "./draft-event.ts";
import type { SignerSearch } from "./explain-refusal.ts";
import { explainRefusal } from "./explain-refusal.ts";
import type { EventDraft, Recorded } from "./record-event.ts";
import type { RejectionKeeper } from "./reject.ts";
import { isUndecided } from "./unreadable-secrets.ts";
import { verifyArrival } from "./verify-arrival.ts";
import type { KeyedDeps } from "./verify-with-keys.ts";
import { verifyWithKeys } from "./verify-with-keys.ts";

/** What became of recording one event. */
export type RecordOutcome =
  | { readonly ok: true; readonly value: Recorded }
  | { readonly ok: false; readonly cause: "queue_full" | "deadline" | "database" | "draining" };

export interface IngestDeps extends KeyedDeps {
  /** Records one event, sharing a transaction with others; answers after COMMIT, or says why not. */
  readonly record: (draft: EventDraft) => Promise<RecordOutcome>;
  /** Is told of each verified arrival before it is answered: must be quick, touch memory only, and not throw. */
  readonly observe: (ready: ReadySource, arrival: Arrival, draft: EventDraft, outcome: RecordOutcome) => void;
  readonly signers: SignerSearch;
  readonly rejections: RejectionKeeper;
  readonly random: (bytes: number) => Uint8Array;
  readonly metrics: Metrics;
}

/**
 * Arrive → verify → record, for one arrival. Verification comes before dedupe, or a forger could poison ids. The result is
 * `recorded` or `duplicate` only after the transaction's COMMIT was confirmed.
 */
export async function ingest(deps: IngestDeps, ready: ReadySource, arrival: Arrival): Promise<IngestResult> {
  const first = verifyArrival(ready, arrival, deps.publicUrl);
  const verification = first.kind === "key_needed" ? await verifyWithKeys(deps, ready, arrival, first.need) : first;
  switch (verification.kind) {
    case "handshake":
      return verification;
    case "unavailable":
      return { kind: "unavailable", cause: "key" };
    case "refused": {
      if (isUndecided(verification.reason, ready.source, arrival.receivedAt))
        return { kind: "unavailable", cause: "secrets" };
      const { reason, diagnosis } = explainRefusal(deps, ready, arrival, verification);
      return { kind: "rejected", rejectionId: deps.rejections.keep(ready, arrival, reason, diagnosis), reason };
    }
    case "verified": {
      const draft = draftEvent(ready, arrival, verification.verdict, deps.random);
      const recorded = await deps.record(draft);
      deps.observe(ready, arrival, draft, recorded);
      if (!recorded.ok) return { kind: "unavailable", cause: recorded.cause };
      return recorded.value;
    }
  }
}
