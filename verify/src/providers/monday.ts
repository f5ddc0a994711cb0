import { defineProvider } from "../define-provider.ts";
import { refuseClaim } from "../engines/jwt-claims.ts";
import { jwtScheme } from "../engines/jwt-scheme.ts";
import { inHeader, placeSecret, tokenSecret } from "../engines/jwt-places.ts";
import { bodyValue, jsonAnswer } from "../handshakes/answers.ts";

/** monday.com apps: an HS256 token of the app's signing secret. It says nothing of the body. */
export const monday = defineProvider({
  slug: "monday",
  name: "monday.com",
  headers: [{ signature: "Authorization" }],
  secretHeaders: ["authorization"],
  scheme: jwtScheme({
    token: inHeader("Authorization"),
    algorithms: () => ["HS256"],
    secret: tokenSecret,
    readsPublicKeys: false,
    receiverFields: ["secrets"],
    claims: { leewaySec: 5, expires: true },
    bodyHash: null,
    check: ({ aud }, arrival) => {
      const { audience, notificationUrl } = arrival.receiver;
      const expected = audience ?? notificationUrl;
      // The session token that monday gives to every browser of the app is signed with the client secret as well, and has none.
      const isForUs = typeof aud === "string" && (expected === undefined || aud === expected);
      return isForUs ? null : refuseClaim(arrival, "aud", aud, expected ?? "the URL that is registered");
    },
    write: ({ receiver, request }, iat) => {
      const { audience, notificationUrl } = receiver;
      return { iat, exp: iat + 300, aud: audience ?? notificationUrl ?? request.url };
    },
    place: placeSecret("Authorization"),
  }),
  identity: {
    id: [{ body: "event.triggerUuid" }],
    type: [[{ body: "event.type" }], [{ body: "type" }]],
    time: [
      { place: { body: "event.triggerTime" }, unit: "iso" },
      { place: { body: "data.timestamp" }, unit: "iso" },
    ],
    version: [],
    forms: false,
  },
  handshakes: [
    {
      signed: false,
      answer: (request) => {
        const challenge = bodyValue(request, "challenge");
        return challenge === null ? null : jsonAnswer({ challenge });
      },
    },
  ],
  facts: {
    identity: "unsigned",
    signedContent: "JWT only: exp, aud",
    eventIdFrom: "body `event.triggerUuid`; the same on every retry",
    dedupeKey: "trigger id, or the body without one",
    notCovered: "the body: whoever holds a token that is still alive can send anything with it. Only https protects it",
    handshakeNote: '`{"challenge":…}` is answered with the same, unsigned as it comes',
    notes:
      "Signed with the app's signing secret; monday.com says that it signs webhooks of the app's life cycle with the client secret. A token without `aud` is refused, whatever sends it: the session token that every browser of the app gets under the client secret has none. Whether webhooks of the life cycle have one is not documented, and senders that imitate them leave it out: see one verify before you count on them. `aud` is the URL that is registered, and is compared with `audience`, or with `notificationUrl` without one. Set it where you give the client secret. Board webhooks made without an app carry no token, and are refused.",
    source: [
      "developer.monday.com/apps/docs/integration-authorization",
      "developer.monday.com/apps/docs/authorization-header",
      "developer.monday.com/apps/docs/webhooks-1",
    ],
    confidence: "medium",
  },
});
