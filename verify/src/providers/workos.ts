import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** WorkOS. The time is in milliseconds, and a space stands behind the comma. */
export const workos = defineProvider({
  slug: "workos",
  name: "WorkOS",
  headers: [{ signature: "WorkOS-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "t", signatureKey: "v1", encoding: "hex", spaced: true },
    timestamp: { at: "signature", unit: "ms", toleranceSec: 180 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "created_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The tolerance is what its library enforces, there for the past only. The library hashes the parsed body written anew; the raw body is the same bytes. Up to 6 attempts over three days.",
    source: ["@workos-inc/node@8.13.0 lib/factory-*.cjs", "workos.com/docs/reference/events.md"],
    confidence: "medium",
  },
});
