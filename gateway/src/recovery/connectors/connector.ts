import type { LogWindow } from "../../domain/reconciliation.ts";

/** One event as a provider's own log has it. */
export interface LogEntry {
  /** `id:` and the id, or `number:` and it where the provider writes its ids as JSON numbers. */
  readonly eventKey: string;
  readonly providerEventId: string;
  /** What the provider calls this line of its log, where that is not the event's id. */
  readonly reference: string | null;
  readonly eventType: string | null;
  readonly occurredAt: Date | null;
  /** What the provider thinks of its own delivery; null where its log does not say. */
  readonly providerOutcome: "delivered" | "failed" | null;
  /** What the provider sends for it, where the log has that. */
  readonly body: Uint8Array | null;
  readonly headers: readonly (readonly [string, string])[];
}

/** The request that a provider would send, as its API tells it. */
export interface LoggedRequest {
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * Why a call to a provider's API gave nothing. `limited`, `unreachable` (nobody answered) and `unavailable` (an answer that says so,
 * or one that never came to its end) pass by themselves; `refused` needs a change of ours (a secret, a name); `too_large` may fit
 * with a smaller page; `malformed` is what broke off or is no JSON; `gone`: the provider has no such thing any more.
 */
export interface ConnectorFault {
  readonly ok: false;
  readonly cause: "limited" | "unreachable" | "unavailable" | "refused" | "too_large" | "malformed" | "gone";
  /** What the provider asked to wait for. */
  readonly retryAfterMs: number | null;
  /** In words, without the secret. */
  readonly detail: string;
}

export type Listed =
  | {
      readonly ok: true;
      readonly entries: readonly LogEntry[];
      /** Where the next page begins; null after the last one. A short page says nothing. */
      readonly next: string | null;
    }
  | ConnectorFault;

/** What a line of the log is asked for by. */
export type EntryPlace = Pick<LogEntry, "providerEventId" | "reference">;

/** A provider's own log. Every call is one request, so that whoever is killed in between loses one page at most. */
export interface Connector {
  /** One page of the window, from a cursor of the page before. The same page may come again; entries may repeat. */
  list(window: LogWindow, cursor: string | null, pageItems: number): Promise<Listed>;
  /** The request of one entry whose body the listing lacks; null where the log cannot tell. */
  readonly fetch: ((entry: EntryPlace) => Promise<({ readonly ok: true } & LoggedRequest) | ConnectorFault>) | null;
  /** Asks the provider to deliver it again by its own signed path; null where it cannot. Asked twice it may come twice. */
  readonly redeliver: ((entry: EntryPlace) => Promise<{ readonly ok: true } | ConnectorFault>) | null;
}
