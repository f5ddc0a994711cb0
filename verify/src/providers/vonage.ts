import { defineProvider } from "../define-provider.ts";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { asBearer, placeSecret, tokenSecret } from "../engines/jwt-places.ts";

/** Vonage: an HS256 bearer token with the hash of the body. */
export const vonage = defineProvider({
  slug: "vonage",
  name: "Vonage",
  headers: [{ signature: "Authorization" }],
  methods: ["POST", "GET"],
  secretHeaders: ["authorization"],
  scheme: jwtScheme({
    token: asBearer,
    algorithms: () => ["HS256"],
    secret: tokenSecret,
    readsPublicKeys: false,
    receiverFields: ["secrets"],
    claims: { leewaySec: 300, issuedWithinSec: 300, expires: false },
    bodyHash: { claim: "payload_hash", encoding: "hex", always: false },
    write: ({ request }, iat) => ({
      iat,
      iss: "Vonage",
      jti: hashBody(Buffer.from(`${iat}`), "hex").slice(0, 32),
      payload_hash: hashBody(request.body, "hex"),
    }),
    place: placeSecret("Authorization", "Bearer "),
  }),
  identity: {
    id: [{ body: "message_uuid" }],
    idIsUnique: false,
    type: [[{ body: "status" }], [{ body: "channel" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => (request.body.length > 0 ? [request.body] : [request.url]),
  facts: {
    identity: "none",
    signedContent: "JWT with payload_hash = SHA-256 of {body}, iat",
    eventIdFrom: "none: body `message_uuid` names a conversation's text, and `jti` the attempt",
    dedupeKey: "the body, or the URL where there is none",
    notCovered: "URL (a GET's query with it), method and other headers",
    handshakeNote: "none",
    notes: "Vonage's library checks the token alone; here a body without its hash in the token is refused.",
    source: ["@vonage/jwt@1.14.0 dist/cjs/verifySignature.js"],
    confidence: "medium",
  },
});
