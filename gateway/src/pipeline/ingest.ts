import type { Refusal } from "../domain/admission.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Arrival, IngestResult, ReadySource } from "./arrival.ts";
import type { FilterFaultObserver } from "./draft-event.ts";
import { mayConfirm } from "../domain/source-policy.ts";
import { draftEvents, sumUp } from "./draft-items.ts";
import type { SignerSearch } from "./explain-refusal.ts";
import { explainRefusal } from "./explain-refusal.ts";
import type { EventDraft, Recorded } from "./record-event.ts";
import type { RejectionKeeper } from "./reject.ts";
import { faultOfRejection } from "./reject.ts";
import { isUndecided } from "./unreadable-secrets.ts";
import { verifyArrival } from "./verify-arrival.ts";
import type { KeyedDeps } from "./verify-with-keys.ts";
import { verifyWithKeys } from "./verify-with-keys.ts";

/** What became of recording one event. */
export type RecordOutcome =
  | { readonly ok: true; readonly value: Recorded }
  | { readonly ok: false; readonly cause: "queue_full" | "deadline" | "database" | "draining" };

/** What became of recording the events of one arrival: all of them, or none. */
export type ArrivalOutcome =
  | { readonly ok: true; readonly value: readonly Recorded[] }
  | Extract<RecordOutcome, { ok: false }>;

export interface IngestDeps extends KeyedDeps {
  /** Records the events of one arrival in one transaction, shared with others; answers after COMMIT, or says why not. */
  readonly record: (drafts: readonly EventDraft[]) => Promise<ArrivalOutcome>;
  /** Is told of each event of a verified arrival before it is answered: must be quick, touch memory only, and not throw. */
  readonly observe: (ready: ReadySource, arrival: Arrival, draft: EventDraft, outcome: RecordOutcome) => void;
  /** Whether an event of this class is let in just now; null: it is. */
  readonly admit: (ready: ReadySource, draft: EventDraft) => Refusal | null;
  /** Is told of a route whose filter could not be worked out for an event. */
  readonly onFilterFault: FilterFaultObserver;
  /** The next place in the order of a key, in microseconds since 1970 by the database's time. */
  readonly nextOrderAt?: () => number;
  /** Visits a URL by which a genuine request asks for its subscription to be confirmed; in the background. */
  readonly confirm: (source: string, url: string) => void;
  readonly signers: SignerSearch;
  readonly rejections: RejectionKeeper;
  readonly random: (bytes: number) => Uint8Array;
  readonly metrics: Metrics;
}

function outcomeOf(recorded: ArrivalOutcome, i: number): RecordOutcome {
  return recorded.ok ? { ok: true, value: recorded.value[i]! } : recorded;
}

function urgencyOf({ deliveries }: EventDraft): number {
  return Math.min(...deliveries.map(({ priority }) => priority));
}

/** An arrival is let in or not as a whole, in the class of its most urgent event. */
function mostUrgent([first, ...others]: readonly [EventDraft, ...EventDraft[]]): EventDraft {
  return others.reduce((most, draft) => (urgencyOf(draft) < urgencyOf(most) ? draft : most), first);
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
      const rejectionId = deps.rejections.keep(ready, arrival, reason, diagnosis);
      return { kind: "rejected", rejectionId, reason, fault: faultOfRejection(reason, ready) };
    }
    case "verified": {
      const drafts = draftEvents(deps, ready, arrival, verification.verdict);
      const refusal = deps.admit(ready, mostUrgent(drafts));
      if (refusal !== null) return { kind: "refused", refusal };
      const recorded = await deps.record(drafts);
      drafts.forEach((draft, i) => deps.observe(ready, arrival, draft, outcomeOf(recorded, i)));
      const { confirmUrl } = verification;
      if (recorded.ok && confirmUrl !== null && mayConfirm(ready.source)) deps.confirm(ready.source.name, confirmUrl);
      return recorded.ok ? sumUp(recorded.value) : { kind: "unavailable", cause: recorded.cause };
    }
  }
}
