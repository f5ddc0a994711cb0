import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Sentry, integration platform. The key is the client secret; the time in the header is not signed and not enforced. */
export const sentry = defineProvider({
  slug: "sentry",
  name: "Sentry",
  headers: [
    {
      signature: "Sentry-Hook-Signature",
      id: "Request-ID",
      type: "Sentry-Hook-Resource",
      time: "Sentry-Hook-Timestamp",
    },
  ],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }, { body: "action" }]],
    time: [{ place: { header: "time" }, unit: "s" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `Request-ID`; whether it stays the same on a retry is not documented",
    dedupeKey: "request id, and the body",
    notCovered: "the request id, the resource, the time, URL and method",
    handshakeNote: "none",
    notes: "Wants an answer within one second. No retries are documented.",
    source: ["trigger.dev registry/sentry.ts", "docs.sentry.io integration platform webhooks (from memory)"],
    confidence: "medium",
  },
});
