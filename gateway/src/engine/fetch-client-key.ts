import type { ClientCredentials } from "../pipeline/fetched-keys.ts";
import { readClientKey } from "../pipeline/fetched-keys.ts";
import type { Egress } from "../platform/egress/egress-outcome.ts";
import type { Fetched } from "./fetch-keys.ts";

/** Asks a provider for the one key of this id, as its client. */
export type FetchClientKey = (url: string, kid: string, credentials: ClientCredentials) => Promise<Fetched>;

const TOTAL_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const BYTES_MAX = 16 * 1024;

/** Credentials go to these URLs and nowhere else, whatever names another: one for each environment of Plaid. */
const PLAID_URLS: readonly string[] = ["production", "sandbox"].map(
  (environment) => `https://${environment}.plaid.com/webhook_verification_key/get`,
);
/** With status 400: no key has this id, so that nothing it signed is genuine. Every other refusal says nothing of the key. */
const UNKNOWN_ID = "INVALID_WEBHOOK_VERIFICATION_KEY_ID";

/**
 * Asks Plaid for a key: a POST with the client's id and secret as headers and the key's id in the body, which is answered with
 * `{ key, request_id }` (plaid.com/docs/api/webhooks/webhook-verification). An id that Plaid does not know is `absent`.
 */
export function createClientKeyFetcher(egress: Pick<Egress, "post">): FetchClientKey {
  return async (url, kid, { clientId, clientSecret }) => {
    if (!PLAID_URLS.includes(url))
      return { ok: false, result: "failed", detail: "it is none of the URLs that credentials may be sent to" };
    const outcome = await egress.post({
      url,
      headers: [
        ["accept", "application/json"],
        ["content-type", "application/json"],
        ["plaid-client-id", clientId],
        ["plaid-secret", clientSecret],
        ["plaid-version", "2020-09-14"],
      ],
      body: Buffer.from(JSON.stringify({ key_id: kid })),
      totalTimeoutMs: TOTAL_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      responseBytesMax: BYTES_MAX,
    });
    if (outcome.kind !== "response") return { ok: false, result: "failed", detail: outcome.detail };
    if (outcome.truncated) return { ok: false, result: "unusable", detail: `it is larger than ${BYTES_MAX} bytes` };
    if (outcome.status !== 200) return judgeRefusal(outcome.status, outcome.body);
    const keys = readClientKey(kid, outcome.body);
    return typeof keys === "string" ? { ok: false, result: "unusable", detail: keys } : { ok: true, keys };
  };
}

function judgeRefusal(status: number, body: Uint8Array): Fetched {
  const code = errorCode(body);
  if (status === 400 && code === UNKNOWN_ID)
    return { ok: false, result: "absent", detail: "the provider knows no key of this id" };
  const named = code === null ? "" : ` and ${code}`;
  const remedy = code === "INVALID_API_KEYS" ? ": check the source's clientId, clientSecret and environment" : "";
  return { ok: false, result: "failed", detail: `it was answered with status ${status}${named}${remedy}` };
}

/** A code as Plaid writes them; whatever else stands there is not repeated in logs. */
function errorCode(body: Uint8Array): string | null {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    const code = typeof parsed === "object" && parsed !== null && "error_code" in parsed ? parsed.error_code : null;
    return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : null;
  } catch {
    return null;
  }
}
