import { defineProvider } from "../define-provider.ts";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, placeSecret, tokenSecret } from "../engines/jwt-places.ts";

/** LiveKit: an HS256 token in `Authorization`, without a scheme in front, with the hash of the body. */
export const livekit = defineProvider({
  slug: "livekit",
  name: "LiveKit",
  headers: [{ signature: "Authorization" }],
  secretHeaders: ["authorization"],
  scheme: jwtScheme({
    token: inHeader("Authorization"),
    algorithms: () => ["HS256"],
    secret: tokenSecret,
    readsPublicKeys: false,
    receiverFields: ["secrets", "keyId"],
    // The library's own leeway (livekit-server-sdk 2.19.2); the token itself lives for minutes.
    claims: {
      leewaySec: 10,
      expires: true,
      issuers: ({ keyId, issuers }) => (keyId === undefined ? (issuers ?? []) : [keyId]),
    },
    bodyHash: { claim: "sha256", encoding: "base64", always: true },
    write: ({ request, receiver }, seconds) => ({
      iss: receiver.keyId,
      nbf: seconds,
      exp: seconds + 300,
      sha256: hashBody(request.body, "base64"),
    }),
    place: placeSecret("Authorization"),
  }),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "createdAt" }, unit: "s" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "JWT with sha256 = SHA-256 of {body} in base64, iss = API key, exp",
    eventIdFrom: "body `id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes: "`keyId` is the API key, `secrets` its secret.",
    source: ["livekit-server-sdk@2.19.2 dist/WebhookReceiver.js, dist/AccessToken.js"],
    confidence: "medium",
  },
});
