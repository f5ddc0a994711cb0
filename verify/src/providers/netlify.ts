import { defineProvider } from "../define-provider.ts";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, placeSecret, tokenSecret } from "../engines/jwt-places.ts";

/** Netlify: an HS256 token with the hash of the body. */
export const netlify = defineProvider({
  slug: "netlify",
  name: "Netlify",
  headers: [{ signature: "X-Webhook-Signature", type: "X-Netlify-Event" }],
  scheme: jwtScheme({
    token: inHeader("X-Webhook-Signature"),
    algorithms: () => ["HS256"],
    secret: tokenSecret,
    readsPublicKeys: false,
    receiverFields: ["secrets"],
    claims: { leewaySec: null, expires: false, issuers: () => ["netlify"] },
    bodyHash: { claim: "sha256", encoding: "hex", always: true },
    write: ({ request }) => ({ iss: "netlify", sha256: hashBody(request.body, "hex") }),
    place: placeSecret("X-Webhook-Signature"),
  }),
  identity: {
    id: [{ body: "id" }],
    idIsUnique: false,
    type: [[{ header: "type" }], [{ body: "state" }]],
    time: [{ place: { body: "updated_at" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "JWT with sha256 = SHA-256 of {body}, iss",
    eventIdFrom: "none: body `id` names the deploy",
    dedupeKey: "the body",
    notCovered: "the event name, the time (there is none), URL and method",
    handshakeNote: "none",
    notes: "Netlify switches a notification off after six failures in a row.",
    source: [
      "docs.netlify.com/site-deploys/notifications, payload signature (JWS, HS256, iss, sha256 of the body)",
      "simstudioai/sim pull 4518 (the same, by somebody who built it)",
    ],
    confidence: "medium",
  },
});
