import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** ElevenLabs. The scheme is called v0, and the time may be half an hour old. */
export const elevenlabs = defineProvider({
  slug: "elevenlabs",
  name: "ElevenLabs",
  headers: [{ signature: "ElevenLabs-Signature" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "t", signatureKey: "v0", encoding: "hex" },
    timestamp: { at: "signature", unit: "s", toleranceSec: 1800 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ body: "data.conversation_id" }],
    idIsUnique: false,
    type: [[{ body: "type" }]],
    time: [{ place: { body: "event_timestamp" }, unit: "s" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "none: body `data.conversation_id` names the conversation, which has several events",
    dedupeKey: "the body",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The default of 1800 s is its library's own, longer than a receiver may ask for elsewhere; set toleranceSec for less. No retries unless they are switched on.",
    source: ["@elevenlabs/elevenlabs-js@2.73.0 wrapper/webhooks.js"],
    confidence: "medium",
  },
});
