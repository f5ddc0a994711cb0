import type { HandshakeAnswer } from "./handshake-rule.ts";
import { findEntry } from "./table.ts";
import { checkShape } from "./receiver-shape.ts";
import { verify } from "./verify.ts";
import type { WebhookRequest } from "./request.ts";
import type { VerifyInput } from "./verify.ts";

/** Characters of a URL at most. */
const urlCharsMax = 16 * 1024;

/**
 * The answer when the request is a provider's URL check, else null: an ordinary arrival, to be verified. A check that the
 * provider signs is answered only when it verifies, so that a null for a forged one leads to the refusal that it deserves.
 */
export function answerHandshake(input: VerifyInput): HandshakeAnswer | null {
  const entry = findEntry(input.provider);
  const { request } = input;
  if (entry === null || entry.handshakes.length === 0 || !isRequest(request)) return null;
  if (typeof input.receiver !== "object" || input.receiver === null || checkShape(input.receiver) !== null) return null;
  for (const { signed, answer } of entry.handshakes) {
    const answered = answer(request, input);
    if (answered === null) continue;
    if (!signed) return answered;
    const verdict = verify(input);
    if (verdict.ok) return answer(request, input, verdict.secretVersion);
  }
  return null;
}

/** Callers in plain JavaScript pass anything; that must be an answer too. */
function isRequest(request: WebhookRequest | undefined): request is WebhookRequest {
  return (
    typeof request?.method === "string" &&
    typeof request.url === "string" &&
    request.url.length <= urlCharsMax &&
    typeof request.headers === "object" &&
    request.headers !== null &&
    request.body instanceof Uint8Array
  );
}
