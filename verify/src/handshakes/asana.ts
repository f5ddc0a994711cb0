import type { HandshakeAnswer } from "../handshake-rule.ts";
import { headerValues, onlyHeader } from "../request.ts";
import type { WebhookRequest } from "../request.ts";
import { emptyAnswer } from "./answers.ts";

const secret = /^[!-~]{1,256}$/;

/**
 * Asana's check when a webhook is made, unsigned because it brings the secret: the same header back. Whoever keeps the secret
 * takes it from the request; to send it back gives nothing away.
 */
export function answerHookSecret({ method, headers }: WebhookRequest): HandshakeAnswer | null {
  if (method.toUpperCase() !== "POST" || headerValues(headers, "x-hook-signature").length > 0) return null;
  const given = onlyHeader(headers, "x-hook-secret");
  return given !== null && secret.test(given) ? emptyAnswer(200, { "X-Hook-Secret": given }) : null;
}
