import { defineProvider } from "../define-provider.ts";
import { noHeader } from "../arrival.ts";
import { jwtScheme } from "../engines/jwt-scheme.ts";
import { asBody, makeWithPrivateKey } from "../engines/jwt-places.ts";
import { path } from "../extract/json-scan.ts";
import { select } from "../extract/select.ts";

const empty = Buffer.from("{}");

/** Wix: the body is an RS256 token, with the event as text within text. */
export const wix = defineProvider({
  slug: "wix",
  name: "Wix",
  headers: [noHeader],
  scheme: jwtScheme({
    token: asBody,
    algorithms: () => ["RS256"],
    secret: null,
    readsPublicKeys: true,
    receiverFields: ["publicKeys"],
    claims: { leewaySec: 60, expires: true },
    bodyHash: null,
    // The token is the body, so that all of the event is signed.
    covers: (_claims, { request }) => [request.body],
    write: ({ request }, iat) => ({ data: Buffer.from(request.body).toString("utf8"), iat, exp: iat + 3600 }),
    place: (input, claims) => {
      const token = makeWithPrivateKey(input, "RS256", claims);
      return { url: input.request.url, headers: [], body: Buffer.from(token) };
    },
  }),
  document: (_arrival, payload) => openData(payload ?? empty),
  identity: {
    id: [{ body: "event.id" }],
    type: [[{ body: "eventType" }]],
    time: [{ place: { body: "event.eventTime" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  // Without an id nothing but the token's times tells an app's second installation on a site from its first one: the site keeps
  // the id of its instance (dev.wix.com, "About App Instances").
  stableContent: ({ request }) => [tokenPayload(request.body)],
  facts: {
    identity: "signed",
    signedContent: "the whole body, a JWT",
    eventIdFrom: "the token's `data`, and `data` within it: `id`; the same on every retry",
    dedupeKey: "event id; without one all that the token says, its times among it",
    notCovered: "URL, method and headers",
    handshakeNote: "none",
    notes:
      "`publicKeys` holds the app's public key as PEM. Wix wants an answer within about a second. Events such as `AppInstalled` have no id, and read alike when they happen again: they are told apart by the token's times. A retry of such an event counts as a new one if Wix signs it anew. That is not documented, but likely: Wix tries up to 12 times in 48 hours, with tokens that end.",
    source: ["@wix/sdk@1.21.16 build/event-handlers-modules.js"],
    confidence: "medium",
  },
});

function tokenPayload(body: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(body).toString("latin1").split(".")[1] ?? "", "base64url");
}

/** `{ eventType, event }` from `data` and the `data` in it, each an object or the text of one, digit for digit. */
function openData(payload: Uint8Array): Uint8Array {
  const [data] = select(payload, [path("data")]);
  if (data === null || data === undefined) return empty;
  const [type, inner] = select(Buffer.from(data.text), [path("eventType"), path("data")]);
  const event = inner?.text.trimStart().startsWith("{") === true ? inner.text : "{}";
  const eventType = type?.kind === "string" ? type.text : null;
  return Buffer.from(`{"eventType":${JSON.stringify(eventType)},"event":${event}}`);
}
