import { defineProvider } from "../define-provider.ts";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, placeSecret, tokenSecret } from "../engines/jwt-places.ts";
import { textOf } from "../engines/jws.ts";
import { checkUrl, signedUrl } from "../engines/jwt-url.ts";

/** Upstash QStash: an HS256 token with the URL and the hash of the body. */
export const upstashQstash = defineProvider({
  slug: "upstash-qstash",
  name: "Upstash QStash",
  headers: [{ signature: "Upstash-Signature", id: "Upstash-Message-Id" }],
  methods: ["POST", "GET", "PUT", "PATCH", "DELETE"],
  scheme: jwtScheme({
    token: inHeader("Upstash-Signature"),
    algorithms: () => ["HS256"],
    secret: tokenSecret,
    readsPublicKeys: false,
    receiverFields: ["secrets"],
    claims: { leewaySec: 5, expires: true, issuers: () => ["Upstash"] },
    bodyHash: { claim: "body", encoding: "base64url", always: true },
    signsUrl: true,
    check: (claims, arrival) => checkUrl(arrival, "sub", textOf(claims, "sub"), (url) => url),
    // A token is made for each attempt, and its own id tells a captured one that comes back under another event id.
    covers: (claims, { request }) => [
      textOf(claims, "jti") ?? "",
      "\0",
      textOf(claims, "sub") ?? "",
      "\0",
      request.body,
    ],
    write: (input, seconds) => ({
      iss: "Upstash",
      sub: signedUrl(input),
      exp: seconds + 300,
      nbf: seconds,
      iat: seconds,
      jti: `jwt_${hashBody(Buffer.from(`${seconds}${signedUrl(input)}`), "hex").slice(0, 24)}`,
      body: hashBody(input.request.body, "base64url"),
    }),
    place: placeSecret("Upstash-Signature"),
  }),
  identity: { id: [{ header: "id" }], type: [[{ body: "type" }]], time: [], version: [], forms: false },
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "unsigned",
    signedContent: "JWT with sub = {url}, body = SHA-256 of {body} in base64url, nbf, exp, jti",
    eventIdFrom: "header `Upstash-Message-Id`; the same on every retry",
    dedupeKey: "message id, and the token's own id with URL and body",
    notCovered: "the message id, method and other headers",
    handshakeNote: "none",
    notes:
      "Give the current and the next signing key as two secrets. The URL is `notificationUrl`, or the request's own when it is absolute. The event's type is the publisher's: body `type` where there is one.",
    source: ["@upstash/qstash@2.12.0"],
    confidence: "medium",
  },
});
