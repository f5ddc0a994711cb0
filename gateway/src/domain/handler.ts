/** What made a delivery's attempt happen, as the header `holdfast-trigger` says it. */
export type DeliveryTrigger = "live" | "retry" | "replay" | "reconcile";

/** The event that a handler is called with: the exact bytes that came, and what is known about them. */
export interface DeliveredEvent {
  /** The public id of the event, `evt_…`. */
  readonly id: string;
  /** The public id of the delivery, `dlv_…`. */
  readonly deliveryId: string;
  /** The same in every attempt of one delivery. */
  readonly idempotencyKey: string;
  /** The name of the source. */
  readonly source: string;
  /** The event type as the provider names it; null when it names none. */
  readonly type: string | null;
  /** When it happened by the provider's own account; null when the provider does not say. */
  readonly occurredAt: Date | null;
  readonly receivedAt: Date;
  /** From 1. */
  readonly attempt: number;
  readonly trigger: DeliveryTrigger;
  /** The provider's headers in the order in which they came, without those that carry a secret. */
  readonly headers: readonly (readonly [string, string])[];
  /** The body exactly as it came; a copy for this attempt alone. */
  readonly body: Uint8Array;
  /** The body parsed as JSON. Throws a SyntaxError when it is none. */
  json(): unknown;
}

/** What a statement inside the handler's transaction gives back. */
export interface HandlerResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The rows that were read or changed; null for statements that count nothing. */
  readonly rowCount: number | null;
}

/**
 * The transaction that a handler writes in: its writes and the mark `processed` commit together or not at all (promise 4).
 * A throw rolls both back and the delivery is tried again by its destination's retry policy. It begins with the first query: a
 * handler that makes none costs no transaction of its own.
 */
export interface HandlerTransaction {
  query(text: string, values?: readonly unknown[]): Promise<HandlerResult>;
}

/** A destination inside the gateway: called once for each attempt, with the transaction that settles it. */
export type Handler = (event: DeliveredEvent, tx: HandlerTransaction) => Promise<void> | void;
