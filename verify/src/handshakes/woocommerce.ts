import type { HandshakeAnswer } from "../handshake-rule.ts";
import { headerValues } from "../request.ts";
import type { WebhookRequest } from "../request.ts";
import { emptyAnswer, formValue } from "./answers.ts";

/** WooCommerce's ping when a webhook is made: an unsigned form with the webhook's number and nothing to act on. */
export function answerPing(request: WebhookRequest): HandshakeAnswer | null {
  if (headerValues(request.headers, "x-wc-webhook-signature").length > 0) return null;
  const number = formValue(request, "webhook_id");
  return number !== null && /^[0-9]{1,20}$/.test(number) ? emptyAnswer() : null;
}
