export { ApiFault, type FieldFault, NOT_UNDERSTOOD, type Problem, UNREACHABLE } from "./api-fault.ts";
export type * from "./api-shapes.ts";
export type * from "./access-shapes.ts";
export type * from "./configured-shapes.ts";
export type * from "./throttle-shapes.ts";
export type { DestinationTraffic, RateCalls, RateMinute, SourceTraffic } from "./rate-shapes.ts";
export type * from "./reconciliation-shapes.ts";
export type * from "./recovery-shapes.ts";
export type { ApiAddress, Query, Tagged } from "./call-api.ts";
export {
  type Api,
  type Changes,
  type Configured,
  createApi,
  type Listing,
  type Secrets,
  type Shelf,
} from "./create-api.ts";
export type * from "./list-queries.ts";
export { followStream, type StreamedEvent } from "./follow-stream.ts";
export type { HeadersInput } from "./delivery-headers.ts";
export { type Once, once, type OnceStore } from "./once.ts";
export { createPgStore, onceTableSql, type PgClient, type PgPool, type PgStore } from "./pg-store.ts";
export { type ArrivalAnswer, sendArrival } from "./send-arrival.ts";
export { signDelivery, type SignedHeaders } from "./sign-delivery.ts";
export { type Delivery, type Trigger, unwrap, type UnwrapFault, type UnwrapInput, type Unwrapped } from "./unwrap.ts";
