import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Vercel. SHA-1 is all that it offers. */
export const vercel = defineProvider({
  slug: "vercel",
  name: "Vercel",
  headers: [{ signature: "x-vercel-signature" }],
  scheme: { ...bodyHmac("hex"), hash: "sha1" },
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { body: "createdAt" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{body}",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes: "Retries for 24 hours.",
    source: ["hookdeck/webhook-skills vercel verification.md"],
    confidence: "medium",
  },
});
