import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Bitbucket Cloud. `X-Hub-Signature` without a suffix carries SHA-256 here. */
export const bitbucket = defineProvider({
  slug: "bitbucket",
  name: "Bitbucket Cloud",
  headers: [{ signature: "X-Hub-Signature", id: "X-Request-UUID", type: "X-Event-Key" }],
  scheme: bodyHmac("hex", "sha256="),
  identity: { id: [{ header: "id" }], type: [[{ header: "type" }]], time: [], version: [], forms: false },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-Request-UUID`; whether it stays the same on a retry is not documented",
    dedupeKey: "request id, and the body",
    notCovered: "the request id, the event key, the time (there is none), URL and method",
    handshakeNote: "none",
    notes:
      "Unsigned where no secret is set. `X-Hook-UUID` names the subscription, `X-Attempt-Number` counts attempts. Up to two retries.",
    source: ["hookdeck/webhook-skills bitbucket", "adnanh/webhook#662"],
    confidence: "medium",
  },
});
