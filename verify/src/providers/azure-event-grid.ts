import { noHeader } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";
import { tokenScheme, urlToken } from "../engines/credentials.ts";
import { entraTokenRule, proveEntraToken } from "../engines/entra-token.ts";
import { asBearer } from "../engines/jwt-places.ts";
import { path } from "../extract/json-scan.ts";
import { batchDocument, itemsOf, selectTexts } from "../extract/select.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import { cloudEventsCheck, jsonAnswer } from "../handshakes/answers.ts";
import type { WebhookRequest } from "../request.ts";

const byUrl = tokenScheme(urlToken);
const checkPaths = ["eventType", "data.validationCode"].map(path);
const bodyBytesMax = 16 * 1024;

/** A secret in the URL; or, where the receiver has an audience, a bearer token of Microsoft Entra. */
const scheme: CodedScheme = {
  ...byUrl,
  receiverFields: [],
  readsPublicKeys: true,
  prove: (arrival) => {
    if (arrival.receiver.audience === undefined) return byUrl.prove(arrival);
    const token = asBearer(arrival);
    return "ok" in token ? token : proveEntraToken(arrival, entraTokenRule, token.text, token.where);
  },
};

/** Azure Event Grid, in its own schema or as CloudEvents. */
export const azureEventGrid = defineProvider({
  slug: "azure-event-grid",
  name: "Azure Event Grid",
  headers: [{ ...noHeader, id: "ce-id", scope: "ce-source", type: "ce-type", time: "ce-time" }],
  securityHeaders: ["authorization", "aeg-event-type"],
  secretHeaders: ["authorization"],
  secretQuery: ["*"],
  handshakeMethods: ["OPTIONS"],
  scheme,
  document: ({ request }) => batchDocument(request.body, ["eventType", "type"]),
  identity: {
    id: [{ body: "id" }, { header: "id" }],
    // CloudEvents 1.0.2, section 3.1: source and id are unique together. Event Grid's own schema has no source.
    idScope: [{ body: "source" }, { header: "scope" }],
    type: [[{ body: "eventType" }], [{ body: "type" }], [{ header: "type" }]],
    time: [
      { place: { body: "eventTime" }, unit: "iso" },
      { place: { body: "time" }, unit: "iso" },
      { place: { header: "time" }, unit: "iso" },
    ],
    version: [{ body: "dataVersion" }],
    forms: false,
  },
  handshakes: [{ signed: false, answer: answerValidation }, cloudEventsCheck],
  batch: {
    at: "[]",
    by: "`id` (of a CloudEvent with its `source`)",
    items: itemsAt(""),
    identity: {
      ...itemIdentity({ id: "id", type: [] }),
      idScope: [{ body: "source" }],
      type: [[{ body: "eventType" }], [{ body: "type" }]],
      time: [
        { place: { body: "eventTime" }, unit: "iso" },
        { place: { body: "time" }, unit: "iso" },
      ],
      version: [{ body: "dataVersion" }],
    },
  },
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "body `[].id` (CloudEvents: `id`, or the header `ce-id`); the same on every retry",
    dedupeKey: "the id of a batch of one (of a CloudEvent with its source), else the body",
    notCovered: "everything: who knows the URL's secret, or holds a live token, can send anything",
    handshakeNote:
      "`SubscriptionValidationEvent` is answered with its code; OPTIONS with `WebHook-Request-Origin` with the allowed origin",
    notes:
      "Either one of `secrets` in the registered URL (a value of the query, or a part of the path), or `audience` and `issuers` for delivery with Entra ID: RS256 with Microsoft's keys; `appId` is compared with the token's application where it is given.",
    source: ["learn.microsoft.com event grid webhook event delivery (from memory)", "CloudEvents HTTP webhooks 1.0.1"],
    confidence: "medium",
  },
});

/** The code comes in the one event of the batch; it is sent back as it is. */
function answerValidation({ method, body }: WebhookRequest): HandshakeAnswer | null {
  if (method.toUpperCase() !== "POST" || body.length > bodyBytesMax) return null;
  const items = itemsOf(body) ?? [];
  const [type, code] = items.length === 1 && items[0] !== undefined ? selectTexts(items[0], checkPaths) : [];
  if (type !== "Microsoft.EventGrid.SubscriptionValidationEvent" || typeof code !== "string") return null;
  return /^[!-~]{1,512}$/.test(code) ? jsonAnswer({ validationResponse: code }) : null;
}
