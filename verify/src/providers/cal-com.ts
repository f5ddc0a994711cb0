import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Cal.com. Where no secret is set the header says so in words, and that is no signature. */
export const calCom = defineProvider({
  slug: "cal-com",
  name: "Cal.com",
  headers: [{ signature: "X-Cal-Signature-256", version: "X-Cal-Webhook-Version" }],
  scheme: bodyHmac("hex"),
  identity: {
    id: [],
    type: [[{ body: "triggerEvent" }]],
    time: [{ place: { body: "createdAt" }, unit: "iso" }],
    version: [{ header: "version" }],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body (it holds the trigger, the booking and the time of creation)",
    notCovered: "the payload version, URL and method",
    handshakeNote: "none: the PING test is an ordinary event",
    notes: "`no-secret-provided` in the header means that no secret is set at the sender. Retries are not documented.",
    source: [
      "calcom/cal.com packages/features/webhooks/lib/sendPayload.ts",
      "trigger.dev/docs/webhooks/providers/cal-com",
    ],
    confidence: "high",
  },
});
