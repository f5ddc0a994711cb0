import { createHash, timingSafeEqual } from "node:crypto";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import type { WebhookRequest } from "../request.ts";
import type { VerifyInput } from "../verify.ts";
import { queryValue, textAnswer } from "./answers.ts";

/** Meta's check when a URL is subscribed: the challenge as text, when the token is the one that the receiver knows. */
export function answerSubscribe(request: WebhookRequest, { receiver }: VerifyInput): HandshakeAnswer | null {
  if (request.method.toUpperCase() !== "GET" || queryValue(request, "hub.mode") !== "subscribe") return null;
  const challenge = queryValue(request, "hub.challenge");
  const token = queryValue(request, "hub.verify_token");
  const { verifyToken } = receiver;
  if (challenge === null || token === null || typeof verifyToken !== "string" || verifyToken.trim() === "") return null;
  return timingSafeEqual(sha256(token), sha256(verifyToken)) ? textAnswer(challenge) : null;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
