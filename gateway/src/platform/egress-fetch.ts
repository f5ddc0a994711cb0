import type { CustomFetch } from "openid-client";
import type { Egress } from "./egress/egress-outcome.ts";

/** The egress gave no answer; `message` says why. */
export class EgressFetchFault extends Error {}

const TOTAL_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 256 * 1024;
/** Answers that have no body by their status (Fetch, 2.2.3). */
const BODILESS = new Set([101, 103, 204, 205, 304]);

/**
 * The egress in the form that openid-client asks for: vetted addresses, no redirect, 10 s, 256 KiB of answer. Throws
 * `EgressFetchFault` where fetch would throw.
 */
export function createEgressFetch(egress: Pick<Egress, "get" | "post">): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const request = {
      url,
      headers: Object.entries(headers),
      totalTimeoutMs: TOTAL_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      responseBytesMax: ANSWER_BYTES_MAX,
      signal,
    };
    const isPost = method.toUpperCase() === "POST";
    const outcome = await (isPost ? egress.post({ ...request, body: toBytes(body) }) : egress.get(request));
    if (outcome.kind !== "response") throw new EgressFetchFault(outcome.detail);
    if (outcome.truncated) throw new EgressFetchFault(`an answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    const kept = BODILESS.has(outcome.status) ? null : new Uint8Array(outcome.body);
    return new Response(kept, { status: outcome.status, headers: outcome.headers });
  };
}

function toBytes(body: unknown): Uint8Array {
  if (body instanceof URLSearchParams || typeof body === "string") return Buffer.from(body.toString());
  if (body instanceof Uint8Array) return body;
  return new Uint8Array(0);
}
