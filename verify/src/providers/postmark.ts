import { defineProvider } from "../define-provider.ts";
import { basicScheme } from "../engines/credentials.ts";
import { path } from "../extract/json-scan.ts";
import { joinTexts, selectTexts } from "../extract/select.ts";

const keyPaths = [
  "RecordType",
  "MessageID",
  "ID",
  "DeliveredAt",
  "BouncedAt",
  "ReceivedAt",
  "ChangedAt",
  "OriginalLink",
  "Recipient",
].map(path);

/** Postmark: a user's name and password in the URL that is registered. */
export const postmark = defineProvider({
  slug: "postmark",
  name: "Postmark",
  headers: [{ signature: "Authorization" }],
  secretHeaders: ["authorization"],
  scheme: basicScheme,
  identity: {
    id: [{ body: "MessageID" }],
    idIsUnique: false,
    type: [[{ body: "RecordType" }]],
    time: [
      { place: { body: "DeliveredAt" }, unit: "iso" },
      { place: { body: "BouncedAt" }, unit: "iso" },
      { place: { body: "ReceivedAt" }, unit: "iso" },
      { place: { body: "ChangedAt" }, unit: "iso" },
    ],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => {
    const texts = selectTexts(request.body, keyPaths);
    return typeof texts[1] === "string" ? [joinTexts(texts)] : [request.body];
  },
  facts: {
    identity: "none",
    signedContent: "nothing",
    eventIdFrom: "none: body `MessageID` names the mail",
    dedupeKey: "record type, mail, bounce, time, link and recipient",
    notCovered: "everything: who knows the password can send anything",
    handshakeNote: "none",
    notes: "`username` with `password`, or with `secrets` where passwords overlap. An answer of 403 stops the retries.",
    source: ["hookdeck/webhook-skills postmark verification"],
    confidence: "medium",
  },
});
