import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Sanity. The signature is base64url without padding. */
export const sanity = defineProvider({
  slug: "sanity",
  name: "Sanity",
  headers: [
    {
      signature: "sanity-webhook-signature",
      id: "idempotency-key",
      type: "sanity-operation",
      time: "sanity-transaction-time",
    },
  ],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "pairs", separator: ",", timestampKey: "t", signatureKey: "v1", encoding: "base64url" },
    timestamp: { at: "signature", unit: "ms", toleranceSec: 300 },
    content: template("{timestamp}.{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }]],
    time: [{ place: { header: "time" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  // A projection may leave out what tells two changes apart, and all that one transaction changes may be signed in one millisecond.
  contentIsUnique: false,
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "unsigned",
    signedContent: "{timestamp}.{body}",
    eventIdFrom: "header `idempotency-key`; the same on every retry",
    dedupeKey: "idempotency key alone; the signed time and the body where it is missing",
    notCovered: "the idempotency key, the operation, the time of the transaction, URL and method",
    handshakeNote: "none",
    notes:
      "The body is a projection of the account's own, so nothing is read from it. Two changes with the same projection are told apart by their keys alone, so that the content is no key: within the tolerance a captured request that comes back under another idempotency key counts as a new event. Its library enforces no tolerance.",
    source: ["@sanity/webhook@4.0.4 dist/index.mjs"],
    confidence: "medium",
  },
});
