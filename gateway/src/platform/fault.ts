/**
 * Every fault that a door answers with: status and title by code. docs/errors.md holds the same list (compared by a test).
 * The code is stable and is the last part of the problem's `type`.
 */
export const FAULTS = {
  bad_path: { status: 404, title: "There is nothing at this path" },
  unknown_source: { status: 404, title: "There is no source with this key" },
  source_disabled: { status: 410, title: "This source is disabled" },
  method_not_allowed: { status: 405, title: "This method is not allowed here" },
  http_version: { status: 505, title: "HTTP/1.1 is required" },
  malformed_request: { status: 400, title: "The request is not well-formed HTTP" },
  duplicate_header: { status: 400, title: "A header that must be unique came more than once" },
  too_many_headers: { status: 431, title: "There are too many headers, or they are too long" },
  length_required: { status: 411, title: "The request has a body of unknown length" },
  body_too_large: { status: 413, title: "The body is larger than this source allows" },
  encoded_body: { status: 415, title: "The body must not be compressed" },
  body_timeout: { status: 408, title: "The request did not arrive in time" },
  not_genuine: { status: 401, title: "The request could not be verified" },
  overloaded: { status: 503, title: "Too many requests are waiting; send it again" },
  throttled: { status: 429, title: "Fewer requests of this kind are taken just now; send it again" },
  rate_exceeded: { status: 429, title: "This source sends faster than it may; send it again" },
  database_unavailable: { status: 503, title: "The event could not be stored in time; send it again" },
  key_unavailable: { status: 503, title: "The provider's key could not be fetched in time; send it again" },
  secrets_unavailable: { status: 503, title: "The source's secrets cannot be read here; send it again" },
  source_incomplete: { status: 503, title: "The source is not completely configured; send it again" },
  draining: { status: 503, title: "The gateway is shutting down; send it again" },
  unauthorized: { status: 401, title: "A valid API key is required" },
  forbidden: { status: 403, title: "This needs a role that you do not have" },
  foreign_page: { status: 403, title: "The request came from a foreign page" },
  not_found: { status: 404, title: "There is no such resource" },
  invalid_input: { status: 422, title: "The input is not valid" },
  malformed_json: { status: 400, title: "The body is not well-formed JSON" },
  json_required: { status: 415, title: "The body must be JSON" },
  input_too_large: { status: 413, title: "The body is larger than the API takes" },
  host_refused: { status: 421, title: "The API is not served under this host name" },
  store_unavailable: { status: 503, title: "The database did not answer in time; try again" },
  search_too_long: { status: 503, title: "The search took too long; narrow it" },
  conflict: { status: 409, title: "The request conflicts with the present state" },
  precondition_failed: { status: 412, title: "It has been changed since you read it" },
  request_under_way: { status: 409, title: "A request with this Idempotency-Key is under way" },
  outcome_unknown: { status: 409, title: "It is not known whether the request with this Idempotency-Key was done" },
  idempotency_key_reused: { status: 422, title: "This Idempotency-Key belongs to another request" },
  too_many_attempts: { status: 429, title: "Too many failed sign-ins; try again later" },
  sign_in_stale: { status: 409, title: "This sign-in is over; begin it again" },
  sign_in_untrusted: { status: 401, title: "The sign-in provider did not vouch for you" },
  sign_in_refused: { status: 403, title: "The sign-in provider knows you, but you may not come in here" },
  provider_unavailable: { status: 503, title: "The sign-in provider does not answer; try again, or use another way" },
  internal: { status: 500, title: "The gateway failed; the id finds the cause in its log" },
} as const;

export type FaultCode = keyof typeof FAULTS;

/** A problem document (RFC 9457). `id` finds the record in the log; nothing inner is shown. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly id: string;
  readonly detail?: string;
  readonly faults?: readonly { readonly path: string; readonly problem: string }[];
}

export function toProblem(code: FaultCode, id: string, more: Pick<Problem, "detail" | "faults"> = {}): Problem {
  const fault = FAULTS[code];
  return { type: `urn:holdfast:fault:${code}`, title: fault.title, status: fault.status, id, ...more };
}
