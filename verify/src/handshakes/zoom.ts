import { hmac } from "../engines/hmac-match.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import { readKeys } from "../key.ts";
import type { WebhookRequest } from "../request.ts";
import { chosenSecret } from "../body-hmac.ts";
import type { VerifyInput } from "../verify.ts";
import { bodyValue, jsonAnswer } from "./answers.ts";

/**
 * Zoom's check of a URL, signed: its token, and the token's HMAC by the secret that signed the check. While a new one is rolled in two
 * are live, and Zoom knows one of them.
 */
export function answerUrlValidation(
  request: WebhookRequest,
  { receiver, now }: VerifyInput,
  signer?: string | null,
): HandshakeAnswer | null {
  if (bodyValue(request, "event") !== "endpoint.url_validation") return null;
  const plainToken = bodyValue(request, "payload.plainToken");
  const { live } = readKeys(receiver, chosenSecret, now);
  const key = live.find(({ version }) => version === signer) ?? live[0];
  if (plainToken === null || key === undefined) return null;
  return jsonAnswer({ plainToken, encryptedToken: hmac("sha256", key.bytes, [plainToken]).toString("hex") });
}
