import { path } from "../extract/json-scan.ts";
import { itemsOf, select } from "../extract/select.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import type { WebhookRequest } from "../request.ts";
import { emptyAnswer } from "./answers.ts";

/** Bytes of a URL check at most; Xero's are under 200. */
const checkBytesMax = 4096;
const checkPaths = [path("events")];

/** Xero's intent to receive, genuine: requests without events, of which some are signed wrongly on purpose. */
export function answerIntent(request: WebhookRequest): HandshakeAnswer | null {
  return isIntent(request) ? emptyAnswer() : null;
}

/** The answer to those that do not verify: Xero sends them to see a 401 with nothing in it. */
export function refuseIntent(request: WebhookRequest): HandshakeAnswer | null {
  return isIntent(request) ? emptyAnswer(401) : null;
}

function isIntent({ method, body }: WebhookRequest): boolean {
  if (method.toUpperCase() !== "POST" || body.length > checkBytesMax) return false;
  const [events] = select(body, checkPaths);
  return events?.kind === "other" && itemsOf(Buffer.from(events.text, "utf8"))?.length === 0;
}
