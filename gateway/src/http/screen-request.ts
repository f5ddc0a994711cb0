import type { IncomingMessage } from "node:http";
import type { ReadySource } from "../pipeline/arrival.ts";
import type { FaultCode } from "../platform/fault.ts";

const HEADERS_MAX = 100;
const HEADER_BYTES_MAX = 16_384;
const URL_BYTES_MAX = 4_096;
/** Headers that decide how a request is read or who it is for; two of them would let two readers disagree. */
const SINGLE = ["host", "content-length", "content-type", "content-encoding", "transfer-encoding", "authorization"];

/** What is wrong with a request before its source is known; null when nothing is. */
export function screenShape(request: IncomingMessage): { readonly code: FaultCode; readonly detail?: string } | null {
  if (request.httpVersion !== "1.1" && request.httpVersion !== "1.0") return { code: "http_version" };
  if (!isFramedPlainly(request)) return { code: "malformed_request" };
  const raw = request.rawHeaders;
  if (raw.length / 2 > HEADERS_MAX)
    return { code: "too_many_headers", detail: `at most ${HEADERS_MAX} headers are read` };
  let bytes = 0;
  for (const part of raw) bytes += part.length + 2;
  if (bytes > HEADER_BYTES_MAX)
    return { code: "too_many_headers", detail: `at most ${HEADER_BYTES_MAX} bytes of headers are read` };
  if ((request.url ?? "").length > URL_BYTES_MAX) return { code: "bad_path" };
  const twice = findTwice(raw, SINGLE);
  return twice === null ? null : { code: "duplicate_header", detail: `the header ${twice} came more than once` };
}

// Where a proxy in front of us might read the request's end elsewhere than we do (RFC 9112, 3.2 and 6.1).
function isFramedPlainly(request: IncomingMessage): boolean {
  const { host, "transfer-encoding": coding } = request.headers;
  if (coding !== undefined && (coding.toLowerCase() !== "chunked" || request.httpVersion === "1.0")) return false;
  return host !== undefined || request.httpVersion === "1.0";
}

/** What is wrong with a request for its source's provider; null when nothing is. */
export function screenForSource(
  request: IncomingMessage,
  ready: ReadySource,
): { readonly code: FaultCode; readonly detail?: string } | null {
  if (ready.source.state === "disabled") return { code: "source_disabled" };
  // GET stays open for every source: its verifier answers it or refuses it with the provider's reason.
  const methods = ready.provider?.methods ?? ["POST"];
  if (request.method !== "GET" && !methods.includes(request.method ?? "")) return { code: "method_not_allowed" };
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "" && encoding !== "identity" && ready.provider?.encodedBodies !== true) {
    return { code: "encoded_body", detail: "send the body as it is, without Content-Encoding" };
  }
  const twice = findTwice(request.rawHeaders, ready.provider?.securityHeaders ?? []);
  return twice === null ? null : { code: "duplicate_header", detail: `the header ${twice} came more than once` };
}

function findTwice(raw: readonly string[], names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!names.includes(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

/** The source key of a path `/in/<key>`, exactly; null for every other path, so that tricks all look the same. */
export function parseSourceKey(url: string): string | null {
  return /^\/in\/([A-Za-z0-9_-]{8,128})(?:\?|$)/.exec(url)?.[1] ?? null;
}
