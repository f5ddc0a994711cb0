import { defineProvider } from "../define-provider.ts";
import { createHash } from "node:crypto";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, placeSecret, tokenSecret } from "../engines/jwt-places.ts";
import { textOf } from "../engines/jws.ts";
import { checkUrl, signedUrl } from "../engines/jwt-url.ts";
import { refuseClaim } from "../engines/jwt-claims.ts";

const name = "MessageBird-Signature-JWT";
const hashUrl = (url: string) => createHash("sha256").update(url).digest("hex");

/** MessageBird: an HS256 token with the hashes of the URL and of the body. */
export const messagebird = defineProvider({
  slug: "messagebird",
  name: "MessageBird",
  headers: [{ signature: name }],
  methods: ["POST", "GET"],
  scheme: jwtScheme({
    token: inHeader(name),
    algorithms: () => ["HS256"],
    secret: tokenSecret,
    readsPublicKeys: false,
    receiverFields: ["secrets"],
    claims: { leewaySec: 5, expires: true, issuers: () => ["MessageBird"] },
    bodyHash: { claim: "payload_hash", encoding: "hex", always: false },
    signsUrl: true,
    check: (claims, arrival) =>
      textOf(claims, "jti") === null
        ? refuseClaim(arrival, "jti", null, "an id of the token")
        : checkUrl(arrival, "url_hash", textOf(claims, "url_hash"), hashUrl),
    write: (input, seconds) => ({
      iss: "MessageBird",
      nbf: seconds,
      iat: seconds,
      exp: seconds + 60,
      jti: hashBody(Buffer.from(`${seconds}${signedUrl(input)}`), "hex").slice(0, 32),
      url_hash: hashUrl(signedUrl(input)),
      ...(input.request.body.length === 0 ? {} : { payload_hash: hashBody(input.request.body, "hex") }),
    }),
    place: placeSecret(name),
  }),
  identity: {
    id: [{ body: "id" }],
    idIsUnique: false,
    type: [[{ body: "type" }], [{ body: "status" }]],
    time: [{ place: { body: "createdDatetime" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => [request.url.slice(request.url.indexOf("?") + 1), "\0", request.body],
  facts: {
    identity: "none",
    signedContent: "JWT with url_hash = SHA-256 of {url}, payload_hash = SHA-256 of {body}, nbf, exp, jti",
    eventIdFrom: "none: body `id` names a thing of the product, `jti` the attempt",
    dedupeKey: "the query and the body",
    notCovered: "method and other headers",
    handshakeNote: "none",
    notes: "The URL is `notificationUrl` with the request's query, or the request's own when it is absolute.",
    source: ["messagebird@4.0.1 lib/webhook-signature-jwt.js"],
    confidence: "medium",
  },
});
