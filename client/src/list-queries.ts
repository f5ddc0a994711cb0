import type { DeliveryState } from "./api-shapes.ts";
import type { ReconciliationEntry } from "./reconciliation-shapes.ts";

/** What every list takes: where to go on, and how many at once (at most 200). */
export interface PageQuery {
  cursor?: string;
  limit?: number;
}
export interface EventQuery extends PageQuery {
  source?: string;
  type?: string;
  /** ISO 8601. */
  since?: string;
  until?: string;
  /** The provider's own event id. */
  providerId?: string;
  /** Of any of its deliveries. */
  state?: DeliveryState;
  destination?: string;
  /** A JSON pointer into the body, and the exact value there: `/data/object/customer=cus_123`. */
  field?: string;
}
export interface DeliveryQuery extends PageQuery {
  state?: DeliveryState;
  destination?: string;
  event?: string;
}
export interface RejectionFilter {
  source?: string;
  reason?: string;
  /** The likely cause; `unknown` where none was found. */
  cause?: string;
  since?: string;
  until?: string;
}
export interface RejectionQuery extends PageQuery, RejectionFilter {}
export interface RunQuery extends PageQuery {
  /** Id or name. */
  reconciliation?: string;
}
export interface EntryQuery extends PageQuery {
  state?: ReconciliationEntry["state"];
}
export interface LoopQuery extends PageQuery {
  source?: string;
}
