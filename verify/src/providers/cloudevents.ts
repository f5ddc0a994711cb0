import { noHeader } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { handshakeOnly } from "../engines/handshake-only.ts";
import { cloudEventsCheck } from "../handshakes/answers.ts";

/** CloudEvents' own URL check. Who sends such events decides how they are signed: that is another provider's entry. */
export const cloudevents = defineProvider({
  slug: "cloudevents",
  name: "CloudEvents (URL check)",
  headers: [noHeader],
  handshakeMethods: ["OPTIONS"],
  scheme: handshakeOnly,
  identity: { id: [], type: [], time: [], version: [], forms: false },
  handshakes: [cloudEventsCheck],
  facts: {
    identity: "none",
    signedContent: "nothing",
    eventIdFrom: "none",
    dedupeKey: "nothing is accepted",
    notCovered: "everything: every arrival is refused",
    handshakeNote:
      "OPTIONS with `WebHook-Request-Origin` is answered with the allowed origin, and rate where it is asked for",
    notes: "CloudEvents names no signature. Use `standard-webhooks` or `azure-event-grid` for events themselves.",
    source: ["cloudevents/spec http-webhook.md 1.0.1, section 4"],
    confidence: "high",
  },
});
