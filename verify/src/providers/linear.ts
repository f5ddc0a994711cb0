import type { Arrival } from "../arrival.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { findBodyTime } from "../engines/body-time.ts";
import type { Chunk } from "../provider.ts";

const timeField = "webhookTimestamp";

/** Linear. The signed time is a field of the body; the header `Linear-Timestamp` is not signed and not read. */
export const linear = defineProvider({
  slug: "linear",
  name: "Linear",
  headers: [{ signature: "Linear-Signature", id: "Linear-Delivery" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "hex" },
    timestamp: { at: { body: timeField }, unit: "ms", toleranceSec: 60 },
    content: template("{body}"),
    secret: { encoding: "utf8", prefix: "lin_wh_", bytesMin: 24 },
  },
  identity: {
    id: [{ header: "id" }],
    type: [[{ body: "type" }, { body: "action" }]],
    time: [{ place: { body: "createdAt" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: withoutSendTime,
  facts: {
    identity: "unsigned",
    signedContent: "{body}, with webhookTimestamp in it",
    eventIdFrom: "header `Linear-Delivery`; whether it stays the same on a retry is not documented",
    dedupeKey: "delivery id, and the body without the digits of `webhookTimestamp`",
    notCovered: "the delivery id, the headers `Linear-Event` and `Linear-Timestamp`, URL and method",
    handshakeNote: "none",
    notes:
      "The time of sending is left out of the content key, so that a retry under a fresh time or a fresh id is still the same event.",
    source: ["@linear/sdk@98.0.0 dist/webhooks"],
    confidence: "medium",
  },
});

/** The body around the digits of the time of sending: everything else of it stays the same from attempt to attempt. */
function withoutSendTime({ request }: Arrival): Chunk[] {
  const { body } = request;
  const time = findBodyTime(body, timeField);
  return time === null ? [body] : [body.subarray(0, time.start), body.subarray(time.end)];
}
