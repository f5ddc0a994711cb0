import { defineProvider } from "../define-provider.ts";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, makeWithPrivateKey } from "../engines/jwt-places.ts";
import { parseObject } from "../engines/jws.ts";
import { refuse } from "../refuse.ts";

/** Plaid: an ES256 token whose key is asked for by its id, with the hash of the body in it. */
export const plaid = defineProvider({
  slug: "plaid",
  name: "Plaid",
  headers: [{ signature: "Plaid-Verification" }],
  scheme: jwtScheme({
    token: inHeader("Plaid-Verification"),
    algorithms: () => ["ES256"],
    secret: null,
    readsPublicKeys: true,
    receiverFields: [],
    claims: { leewaySec: 300, issuedWithinSec: 300, expires: false },
    bodyHash: { claim: "request_body_sha256", encoding: "hex", always: true },
    need: (kid, { environment }) => {
      const host = environment === "sandbox" ? "sandbox.plaid.com" : "production.plaid.com";
      return { kind: "public_key", url: `https://${host}/webhook_verification_key/get`, kid };
    },
    check: (_claims, { now }, key) => {
      // The end of a key that was rotated out stands beside it, in seconds (plaid.com/docs webhook verification).
      const end = parseObject(Buffer.from(key?.text ?? ""))?.["expired_at"];
      if (typeof end !== "number" || now.getTime() / 1000 <= end) return null;
      return refuse("secret_expired", {
        step: "signature",
        summary: "The token is signed with a key that Plaid has rotated out. Fetch the key anew.",
        evidence: { kid: key?.kid ?? "" },
        likelyCause: "secret_expired",
      });
    },
    covers: ({ iat }, { request }) => [String(iat), "\0", request.body],
    write: ({ request }, iat) => ({ iat, request_body_sha256: hashBody(request.body, "hex") }),
    place: (input, claims) => {
      const { url, body } = input.request;
      return { url, body, headers: [["Plaid-Verification", makeWithPrivateKey(input, "ES256", claims)]] };
    },
  }),
  identity: {
    id: [],
    type: [[{ body: "webhook_type" }, { body: "webhook_code" }]],
    time: [],
    version: [],
    forms: false,
  },
  // Plaid tells of each new change of an item in the same words: the signed time is what tells two of them apart.
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "none",
    signedContent: "JWT with request_body_sha256 = SHA-256 of {body}, iat",
    eventIdFrom: "none",
    dedupeKey: "the signed time with the body (type, code, item and all else)",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "The key of a token's `kid` is asked for at `/webhook_verification_key/get` with the client's own credentials and passed as a `jwk`; a key whose `expired_at` has passed is refused. `environment: \"sandbox\"` asks the sandbox, any other the production. A source with `clientId` and `clientSecret` (of that environment) has the gateway ask: once an hour for each key, so that a rotation is known within the hour; an id that Plaid does not know is refused and asked for again after a minute; while the key cannot be had the answer is 503, and Plaid sends again. Without them the keys stand in `publicKeys`. The same bytes come for each change of an item, so that the body alone is no key; whether a retry is signed anew is not documented.",
    source: ["plaid.com/docs/api/webhooks/webhook-verification"],
    confidence: "medium",
  },
});
