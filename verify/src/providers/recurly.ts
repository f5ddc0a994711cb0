import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Recurly. The header begins with the time; one signature for each secret behind it. */
export const recurly = defineProvider({
  slug: "recurly",
  name: "Recurly",
  headers: [{ signature: "recurly-signature", id: "recurly-notification-id" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "time-first", encoding: "hex" },
    timestamp: { at: "signature", unit: "ms", toleranceSec: 300 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    // The body's own `id` is that of the thing that it tells of: the same on all that ever happens to it.
    id: [{ header: "id" }],
    type: [[{ body: "object_type" }, { body: "event_type" }]],
    time: [{ place: { body: "event_time" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  // The body tells its time by the second: the milliseconds that are signed tell two changes of one thing apart.
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "unsigned",
    signedContent: "{timestamp}.{body}",
    eventIdFrom:
      "header `recurly-notification-id`; the same on every retry. The body's `id` is that of the account, the subscription or the invoice",
    dedupeKey: "notification id, and what is signed",
    notCovered: "the notification id, URL and method",
    handshakeNote: "none",
    notes:
      "XML notifications are not signed: choose JSON where the URL is set. Each URL has a key of its own. Ten retries with growing gaps, in the order in which events were made; without the header with its id a retry, which is signed anew, counts as a new event. Types are `account.updated`, `charge_invoice.paid` and so on.",
    source: [
      "docs.recurly.com automatic-retries",
      "docs.recurly.com/recurly-subscriptions/docs/signature-verification",
      "docs.recurly.com/recurly-subscriptions/docs/notifications",
      "docs.recurly.com/recurly-recover/docs/webhooks",
    ],
    confidence: "medium",
  },
});
