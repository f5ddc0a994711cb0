import type { HandshakeAnswer } from "../handshake-rule.ts";
import { headerValues } from "../request.ts";
import type { WebhookRequest } from "../request.ts";
import { bodyValue, emptyAnswer } from "./answers.ts";

/** Notion's first request to a URL, unsigned: it brings the token that a person pastes on Notion's page. */
export function answerVerificationToken(request: WebhookRequest): HandshakeAnswer | null {
  if (headerValues(request.headers, "x-notion-signature").length > 0) return null;
  return bodyValue(request, "verification_token") === null ? null : emptyAnswer();
}
