import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { answerUrlValidation } from "../handshakes/zoom.ts";
import { defineProvider } from "../define-provider.ts";

/** Zoom. The check of a URL comes signed, again every 72 hours, and wants an HMAC of its token. */
export const zoom = defineProvider({
  slug: "zoom",
  name: "Zoom",
  headers: [{ signature: "x-zm-signature", timestamp: "x-zm-request-timestamp" }],
  handshakes: [{ signed: true, answer: answerUrlValidation }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "v0=", encoding: "hex" },
    timestamp: { at: "header", unit: "s", toleranceSec: 300 },
    content: template("v0:{timestamp}:{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "event_ts" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "v0:{timestamp}:{body}",
    eventIdFrom: "none (`x-zm-trackingid` is another on every delivery)",
    dedupeKey: "the body (it holds the event, its time in milliseconds and the object; the same on a retry)",
    notCovered: "URL, method and other headers",
    handshakeNote:
      "`endpoint.url_validation` is answered with its token and the HMAC-SHA256 of the token, once it verifies",
    notes: "Three retries after 5, 30 and 90 minutes. A new secret token replaces the old one at once.",
    source: ["@zoom/rivet@0.4.0 users/users.cjs"],
    confidence: "medium",
  },
});
