import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { keyPairScheme } from "../engines/key-pair.ts";

/** Telnyx: Ed25519 over time and body. */
export const telnyx = defineProvider({
  slug: "telnyx",
  name: "Telnyx",
  headers: [{ signature: "telnyx-signature-ed25519", timestamp: "telnyx-timestamp" }],
  scheme: keyPairScheme({
    algorithm: "ed25519",
    signatureHeader: "telnyx-signature-ed25519",
    timestampHeader: "telnyx-timestamp",
    toleranceSec: 300,
    content: template("{timestamp}|{body}"),
  }),
  identity: {
    id: [{ body: "data.id" }],
    type: [[{ body: "data.event_type" }]],
    time: [{ place: { body: "data.occurred_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{timestamp}|{body}",
    eventIdFrom: "body `data.id`; the same on every retry",
    dedupeKey: "event id (`meta.attempt` makes the bytes differ from attempt to attempt)",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "`publicKeys`: the portal's key, format `ed25519-raw-base64`. Telnyx wants an answer within about two seconds.",
    source: ["telnyx@7.24.0 lib/webhooks.js"],
    confidence: "medium",
  },
});
