import { hmac } from "../engines/hmac-match.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import { readKeys } from "../key.ts";
import type { WebhookRequest } from "../request.ts";
import { chosenSecret } from "../body-hmac.ts";
import type { VerifyInput } from "../verify.ts";
import { bodyValue, jsonAnswer } from "./answers.ts";

/** Zoom's check of a URL, signed: its token, and the token's HMAC by the first live secret. */
export function answerUrlValidation(request: WebhookRequest, { receiver, now }: VerifyInput): HandshakeAnswer | null {
  if (bodyValue(request, "event") !== "endpoint.url_validation") return null;
  const plainToken = bodyValue(request, "payload.plainToken");
  const [key] = readKeys(receiver, chosenSecret, now).live;
  if (plainToken === null || key === undefined) return null;
  return jsonAnswer({ plainToken, encryptedToken: hmac("sha256", key.bytes, [plainToken]).toString("hex") });
}
