import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Zendesk. The signed time is ISO 8601, and stands before the body without a separator. */
export const zendesk = defineProvider({
  slug: "zendesk",
  name: "Zendesk",
  headers: [
    {
      signature: "X-Zendesk-Webhook-Signature",
      timestamp: "X-Zendesk-Webhook-Signature-Timestamp",
      id: "X-Zendesk-Webhook-Invocation-Id",
    },
  ],
  // A webhook behind a trigger or an automation is sent with the method that the account chose.
  methods: ["POST", "PUT", "PATCH", "DELETE", "GET"],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "base64" },
    timestamp: { at: "header", unit: "iso", toleranceSec: 300 },
    content: template("{timestamp}{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ header: "id" }, { body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "time" }, unit: "iso" }],
    version: [{ body: "zendesk_event_version" }],
    forms: false,
  },
  // Two tickets that change in the same second may have a trigger sent the same words, and the time that is signed is in seconds.
  contentIsUnique: false,
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "unsigned",
    signedContent: "{timestamp}{body}",
    eventIdFrom:
      "header `X-Zendesk-Webhook-Invocation-Id`; the same for the attempts of one invocation, as far as is known",
    dedupeKey: "invocation id alone; the signed time and the body where no id is",
    notCovered: "the invocation id, URL and method",
    handshakeNote: "none",
    notes:
      "The body of a trigger is free text of the account, so that an `id` in it is used only where the header is missing, and that the content is no key: within the tolerance a captured request that comes back under another invocation id counts as a new event. A reset secret replaces the old one at once.",
    source: ["developer.zendesk.com/documentation/webhooks/anatomy-of-a-webhook-request"],
    confidence: "high",
  },
});
