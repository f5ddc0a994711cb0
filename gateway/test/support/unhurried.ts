/**
 * Whether the machine is too busy just now is no matter of most tests, so their gateways refuse nobody for it: neither at the door
 * nor because an event is not stored in time. Whoever tests one of these says `overload` or `ingest` itself.
 */
export const UNHURRIED = { overload: { controller: "off" }, ingest: { recordDeadlineMs: 30_000 } } as const;

/** The same for a process. */
export const UNHURRIED_ENV = {
  HOLDFAST_OVERLOAD_CONTROLLER: "off",
  HOLDFAST_INGEST_RECORD_DEADLINE_MS: String(UNHURRIED.ingest.recordDeadlineMs),
} as const;
