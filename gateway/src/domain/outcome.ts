/** Why an attempt without an HTTP answer failed. */
export type AttemptFault =
  | "dns"
  | "connect"
  | "refused"
  | "tls_handshake"
  | "tls_certificate"
  | "timeout"
  | "reset"
  | "protocol"
  | "aborted"
  | "blocked"
  | "handler_failed"
  | "database_lost"
  | "read_failed"
  | "lease_expired"
  | "unreadable";

/** What one attempt came to, before it is decided what follows. */
export type Outcome =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly kind: "completed" }
  | { readonly kind: "failed"; readonly fault: AttemptFault; readonly detail: string };

/** The class of an outcome: what the retry rules speak of, and what an attempt's row shows. */
export type OutcomeClass = "succeeded" | "transient" | "throttled" | "refused" | "gone";

/**
 * Classifies an outcome. 2xx succeeded; 408, 425, 5xx and faults of the network are transient; 429 and a timeout mean
 * that the destination needs room; 410 that it is gone for good; every other status, redirects among them, and an
 * address that may not be reached are refusals, which get a short ladder (docs/states.md).
 */
export function classify(outcome: Outcome): OutcomeClass {
  switch (outcome.kind) {
    case "completed":
      return "succeeded";
    case "answered":
      return classifyStatus(outcome.status);
    case "failed":
      return classifyFault(outcome.fault);
  }
}

function classifyStatus(status: number): OutcomeClass {
  if (status >= 200 && status < 300) return "succeeded";
  if (status === 410) return "gone";
  if (status === 429) return "throttled";
  if (status === 408 || status === 425 || status >= 500 || status < 200) return "transient";
  return "refused";
}

function classifyFault(fault: AttemptFault): OutcomeClass {
  switch (fault) {
    case "timeout":
      return "throttled";
    case "blocked":
    case "unreadable":
      return "refused";
    case "dns":
    case "connect":
    case "refused":
    case "tls_handshake":
    case "tls_certificate":
    case "reset":
    case "protocol":
    case "aborted":
    case "handler_failed":
    case "database_lost":
    case "read_failed":
    case "lease_expired":
      return "transient";
  }
}
