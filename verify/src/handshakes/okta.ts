import type { HandshakeAnswer } from "../handshake-rule.ts";
import { onlyHeader } from "../request.ts";
import type { WebhookRequest } from "../request.ts";
import { jsonAnswer } from "./answers.ts";

const challenge = /^[!-~]{1,1024}$/;

/** Okta's check of an event hook, once: the challenge of the header inside JSON. */
export function answerVerification({ method, headers }: WebhookRequest): HandshakeAnswer | null {
  if (method.toUpperCase() !== "GET") return null;
  const verification = onlyHeader(headers, "x-okta-verification-challenge");
  return verification !== null && challenge.test(verification) ? jsonAnswer({ verification }) : null;
}
