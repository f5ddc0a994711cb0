import { defineProvider } from "../define-provider.ts";
import { hashBody, jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, makeWithPrivateKey, placeSecret, tokenSecret } from "../engines/jwt-places.ts";
import type { JwsAlgorithm } from "../engines/jws.ts";
import type { Receiver } from "../receiver.ts";

const name = "X-FusionAuth-Signature-JWT";
const symmetric = ["HS256", "HS384", "HS512"] as const;
const asymmetric = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"] as const;

/** FusionAuth: a token of the receiver's algorithm with the hash of the body. */
export const fusionauth = defineProvider({
  slug: "fusionauth",
  name: "FusionAuth",
  headers: [{ signature: name }],
  scheme: jwtScheme({
    token: inHeader(name),
    algorithms: algorithmsOf,
    secret: tokenSecret,
    readsPublicKeys: true,
    receiverFields: [],
    claims: { leewaySec: 60, expires: false },
    bodyHash: { claim: "request_body_sha256", encoding: "base64", always: true },
    write: ({ request }, iat) => ({ iat, request_body_sha256: hashBody(request.body, "base64") }),
    place: (input, claims) => {
      const given = input.receiver.algorithm ?? "HS256";
      const own = asymmetric.find((one) => one === given);
      if (own === undefined) {
        return placeSecret(name, "", symmetric.find((one) => one === given) ?? "HS256")(input, claims);
      }
      const { url, body } = input.request;
      return { url, body, headers: [[name, makeWithPrivateKey(input, own, claims)]] };
    },
  }),
  identity: {
    id: [{ body: "event.id" }],
    type: [[{ body: "event.type" }]],
    time: [{ place: { body: "event.createInstant" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "JWT with request_body_sha256 = SHA-256 of {body} in base64",
    eventIdFrom: "body `event.id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the time of sending, URL, method and other headers",
    handshakeNote: "none",
    notes:
      "`algorithm` of the receiver decides (HS256 to HS512 with `secrets`; RS, ES and EdDSA with `publicKeys`). Without it, public keys are used where there are any (each with the algorithms of its kind), else HS256. A public key never serves as a secret.",
    source: ["fusionauth.io/docs webhooks/signing (by way of hookdeck/webhook-skills)"],
    confidence: "medium",
  },
});

/** The receiver's own choice; else what its keys are for, never both kinds at once. */
function algorithmsOf({ algorithm, publicKeys }: Receiver): readonly JwsAlgorithm[] {
  if (algorithm !== undefined) return [...symmetric, ...asymmetric].filter((one) => one === algorithm);
  return (publicKeys ?? []).length > 0 ? asymmetric : ["HS256"];
}
