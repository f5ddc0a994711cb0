import type { Egress } from "../platform/egress/egress-outcome.ts";
import type { FetchedKeys } from "../pipeline/fetched-keys.ts";
import { readFetched } from "../pipeline/fetched-keys.ts";

/**
 * What became of fetching one URL. `unusable`: an answer came, and it is not what was asked for. `absent`: the provider, asked
 * for one key by its id, says that it has none.
 */
export type Fetched =
  | { readonly ok: true; readonly keys: FetchedKeys }
  | { readonly ok: false; readonly result: "failed" | "unusable" | "absent"; readonly detail: string };

export type FetchKeys = (kind: FetchedKeys["kind"], url: string) => Promise<Fetched>;

/** Longer than an arrival waits: what comes too late for the first one is there for its retry. */
const TOTAL_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const BYTES_MAX = 256 * 1024;

/** Fetches keys through the egress: by https only, and only a whole answer with status 200 counts. */
export function createKeyFetcher(egress: Pick<Egress, "get">): FetchKeys {
  return async (kind, url) => {
    if (!url.startsWith("https://")) return { ok: false, result: "failed", detail: "it is not an https URL" };
    const outcome = await egress.get({
      url,
      headers: [["accept", kind === "jwks" ? "application/json" : "*/*"]],
      totalTimeoutMs: TOTAL_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      responseBytesMax: BYTES_MAX,
    });
    if (outcome.kind !== "response") return { ok: false, result: "failed", detail: outcome.detail };
    if (outcome.status !== 200)
      return { ok: false, result: "failed", detail: `it was answered with status ${outcome.status}` };
    if (outcome.truncated) return { ok: false, result: "unusable", detail: `it is larger than ${BYTES_MAX} bytes` };
    const keys = readFetched(kind, outcome.body);
    return typeof keys === "string" ? { ok: false, result: "unusable", detail: keys } : { ok: true, keys };
  };
}
