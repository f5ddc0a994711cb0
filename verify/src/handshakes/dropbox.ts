import type { HandshakeAnswer } from "../handshake-rule.ts";
import type { WebhookRequest } from "../request.ts";
import { queryValue, textAnswer } from "./answers.ts";

/** Dropbox's check of a URL, unsigned: the challenge as text that no browser takes for a page. */
export function answerChallenge(request: WebhookRequest): HandshakeAnswer | null {
  const challenge = request.method.toUpperCase() === "GET" ? queryValue(request, "challenge") : null;
  if (challenge === null) return null;
  const answer = textAnswer(challenge);
  return { ...answer, headers: { ...answer.headers, "x-content-type-options": "nosniff" } };
}
