import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { answerPing } from "../handshakes/discord.ts";

/** Discord: interactions and webhook events, signed with the application's Ed25519 key. */
export const discord = defineProvider({
  slug: "discord",
  name: "Discord",
  headers: [{ signature: "X-Signature-Ed25519", timestamp: "X-Signature-Timestamp" }],
  scheme: {
    engine: "public-key",
    algorithm: "ed25519",
    signature: { form: "plain", prefix: "", encoding: "hex" },
    // Discord names no tolerance and its library enforces none; a receiver may ask for one.
    timestamp: { at: "header", unit: "s", toleranceSec: null },
    content: template("{timestamp}{body}"),
  },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "event.type" }], [{ text: "interaction" }, { body: "type" }]],
    time: [{ place: { body: "event.timestamp" }, unit: "iso" }],
    version: [{ body: "version" }],
    forms: false,
  },
  handshakes: [{ signed: true, answer: answerPing }],
  facts: {
    identity: "signed",
    signedContent: "{timestamp}{body}",
    eventIdFrom: "body `id` of an interaction; webhook events have none",
    dedupeKey:
      "interaction id, or the body of a webhook event (its own time is in it; the signed time of the attempt is not)",
    notCovered: "URL, method and other headers",
    handshakeNote: 'interaction ping: 200 `{"type":1}`; webhook event of type 0: 204; both only once they verify',
    notes:
      "Discord probes with bad signatures and expects 401. The signed time is not enforced unless the receiver sets toleranceSec.",
    source: ["discord-interactions@4.4.0 dist/index.js"],
    confidence: "medium",
  },
});
