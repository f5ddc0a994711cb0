import { defineProvider } from "../define-provider.ts";
import { jwtScheme } from "../engines/jwt-scheme.ts";
import { refuseClaim } from "../engines/jwt-claims.ts";
import { asBearer, makeWithPrivateKey } from "../engines/jwt-places.ts";
import { refuseIncomplete } from "../engines/read-parts.ts";

/** Google Pub/Sub push: an OpenID Connect token of the push service account. It says nothing of the body. */
export const googlePubsub = defineProvider({
  slug: "google-pubsub",
  name: "Google Pub/Sub push",
  headers: [{ signature: "Authorization" }],
  secretHeaders: ["authorization"],
  scheme: jwtScheme({
    token: asBearer,
    algorithms: () => ["RS256"],
    secret: null,
    readsPublicKeys: true,
    receiverFields: ["audience", "email"],
    claims: {
      // The clock skew of Google's own library (google-auth-library 10.9.1).
      leewaySec: 300,
      expires: true,
      issuers: ({ issuers }) => issuers ?? ["https://accounts.google.com", "accounts.google.com"],
      audience: ({ audience }) => audience,
    },
    bodyHash: null,
    need: (kid) => ({ kind: "jwks", url: "https://www.googleapis.com/oauth2/v3/certs", kid }),
    check: (claims, arrival) => {
      const { email } = arrival.receiver;
      if (email === undefined || email === "")
        return refuseIncomplete(
          arrival,
          "email",
          "makes tokens for anybody's audience: only the service account tells whose it is",
        );
      if (claims["email"] !== email) return refuseClaim(arrival, "email", claims["email"], email);
      return claims["email_verified"] === true
        ? null
        : refuseClaim(arrival, "email_verified", claims["email_verified"], "true");
    },
    write: ({ receiver }, iat) => ({
      iss: receiver.issuers?.[0] ?? "https://accounts.google.com",
      aud: receiver.audience,
      email: receiver.email,
      email_verified: true,
      iat,
      exp: iat + 3600,
    }),
    place: (input, claims) => {
      const { url, body } = input.request;
      return { url, body, headers: [["Authorization", `Bearer ${makeWithPrivateKey(input, "RS256", claims)}`]] };
    },
  }),
  identity: {
    id: [{ body: "message.messageId" }, { body: "message.message_id" }],
    // The id is unique within a topic, and subscriptions to several may push here.
    idScope: [{ body: "subscription" }],
    type: [[{ body: "message.attributes.eventType" }], [{ body: "message.attributes.type" }]],
    time: [{ place: { body: "message.publishTime" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "JWT only: iss, aud, email, exp",
    eventIdFrom: "body `message.messageId`; the same on every redelivery",
    dedupeKey: "message id with the subscription, or the body without an id",
    notCovered:
      "the body and all of its ids: whoever holds a token that is still alive can send anything with it. Only https protects it",
    handshakeNote: "none",
    notes:
      "`audience` and `email` (the push subscription's service account) are both needed. One token serves many requests for up to an hour, so that it tells nothing about replays. A publisher that publishes one event twice gets two ids.",
    source: ["google-auth-library@10.9.1 build/src/auth/oauth2client.js", "cloud.google.com/pubsub authenticate push"],
    confidence: "medium",
  },
});
