// Framing and hop-by-hop headers belong to one connection (RFC 9110, 7.6.1); a forwarded address list would be a lie.
const NOT_PASSED = new Set([
  "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
  "transfer-encoding", "upgrade", "host", "content-length", "expect", "accept-encoding", "authorization", "cookie",
  "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
]); // prettier-ignore
const OURS = new Set([
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "idempotency-key",
  "traceparent",
  "user-agent",
]);
/** What is stored in place of a credential that came with a request. */
export const REDACTED = "[redacted]";

/** A request's headers as they came: in order, names may repeat. */
export type SentHeaders = readonly (readonly [name: string, value: string])[];

/**
 * What of a provider's request goes on to a destination, in order: all but what belongs to one connection, and what was redacted.
 *
 * @param replaced what the operator sets for this destination goes before what the provider sent under the same name; in lower case
 */
export function passedOn(headers: SentHeaders, replaced: ReadonlySet<string>): [string, string][] {
  const passed: [string, string][] = [];
  const nominated = namedByConnection(headers);
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    // What describes the body is the request's own, whoever names it.
    if (nominated.has(lower) && !lower.startsWith("content-")) continue;
    if (NOT_PASSED.has(lower) || replaced.has(lower)) continue;
    if (lower.startsWith("holdfast-") || value === REDACTED) continue;
    passed.push([OURS.has(lower) ? `holdfast-original-${lower}` : lower, value]);
  }
  return passed;
}

const NONE: ReadonlySet<string> = new Set();

/** The headers that `Connection` names, in lower case: they belong to that connection alone (RFC 9110, 7.6.1). */
export function namedByConnection(headers: SentHeaders): ReadonlySet<string> {
  const lists = headers.filter(([name]) => isConnection(name)).map(([, value]) => value);
  if (lists.length === 0) return NONE;
  return new Set(lists.flatMap((list) => list.toLowerCase().split(",")).map((name) => name.trim()));
}

// Asked for each header of each request: nearly all differ in their length already.
function isConnection(name: string): boolean {
  return name.length === "connection".length && name.toLowerCase() === "connection";
}

/** An event type comes out of JSON, so it may hold anything; a header value is visible ASCII. */
export function toHeaderValue(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 256);
}
