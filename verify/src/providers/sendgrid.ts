import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";
import { keyPairScheme } from "../engines/key-pair.ts";
import { path } from "../extract/json-scan.ts";
import { batchDocument, itemsOf, joinTexts, selectTexts } from "../extract/select.ts";

const idPath = [path("sg_event_id")];

/** SendGrid's event webhook: ECDSA over time and body. One request carries a batch of events. */
export const sendgrid = defineProvider({
  slug: "sendgrid",
  name: "SendGrid Event Webhook",
  headers: [
    { signature: "X-Twilio-Email-Event-Webhook-Signature", timestamp: "X-Twilio-Email-Event-Webhook-Timestamp" },
  ],
  scheme: keyPairScheme({
    algorithm: "ecdsa-p256-sha256-der",
    signatureHeader: "X-Twilio-Email-Event-Webhook-Signature",
    timestampHeader: "X-Twilio-Email-Event-Webhook-Timestamp",
    toleranceSec: 300,
    content: template("{timestamp}{body}"),
  }),
  document: ({ request }) => batchDocument(request.body, ["event"]),
  identity: {
    id: [{ body: "sg_event_id" }],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "timestamp" }, unit: "s" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => {
    const ids = itemsOf(request.body)?.map((item) => selectTexts(item, idPath)[0] ?? null) ?? [];
    return ids.length > 0 && ids.every((id) => id !== null) ? [joinTexts(ids)] : [request.body];
  },
  batch: {
    at: "[]",
    by: "`sg_event_id`",
    items: itemsAt(""),
    identity: itemIdentity({ id: "sg_event_id", type: ["event"], time: { at: "timestamp", unit: "s" } }),
  },
  facts: {
    identity: "signed",
    signedContent: "{timestamp}{body}",
    eventIdFrom: "body `[].sg_event_id`; the same on every retry. A batch of several has no id of its own",
    dedupeKey: "the id of a batch of one, all ids of a larger one, or the body where an item has none",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "`publicKeys`: the verification key as it is shown, format `spki-der-base64`. The body ends with CRLF, which is signed too. A batch is one event; its type is told when all items have the same.",
    source: ["@sendgrid/eventwebhook@8.0.0 src/eventwebhook.js", "sendgrid/docs issue 2933"],
    confidence: "medium",
  },
});
