import { noHeader } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { itemIdentity, itemsAt } from "../extract/items.ts";
import { tokenScheme } from "../engines/credentials.ts";
import { entraTokenRule, proveEntraToken } from "../engines/entra-token.ts";
import type { Finding } from "../engines/proof.ts";
import { refuseBody } from "../engines/read-parts.ts";
import { path } from "../extract/json-scan.ts";
import { batchDocument, itemsOf, joinTexts, select, selectExactly, selectTexts } from "../extract/select.ts";
import { queryValue, textAnswer } from "../handshakes/answers.ts";
import type { Refused } from "../verdict.ts";

/** The application of Microsoft Graph that signs the tokens of rich notifications. */
const graphAppId = "0bf30f3b-4a52-48df-9a82-234910c4a086";
const itemPaths = ["clientState", "encryptedContent"].map(path);
const tokensMax = 20;

/** Microsoft Graph: a client state in every item, and tokens beside items with encrypted content. */
export const microsoftGraph = defineProvider({
  slug: "microsoft-graph",
  name: "Microsoft Graph change notifications",
  headers: [noHeader],
  scheme: tokenScheme({
    where: "the clientState of an item",
    secret: { encoding: "utf8", prefix: "", bytesMin: 16 },
    readsPublicKeys: true,
    read: readStates,
    check: checkTokens,
    write: ({ request }, token) => {
      const items = itemsIn(request.body) ?? [];
      const value = items.map((item) => ({
        ...(JSON.parse(Buffer.from(item).toString()) as object),
        clientState: token,
      }));
      return { url: request.url, headers: [], body: Buffer.from(JSON.stringify({ value })) };
    },
  }),
  document: ({ request }) => batchDocument(listIn(request.body), ["changeType", "lifecycleEvent"]),
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "lifecycleEvent" }], [{ body: "changeType" }]],
    time: [],
    version: [],
    forms: false,
  },
  // Two changes of one thing may be told in the same words: without ids the time of arrival keeps the second from being lost.
  stableContent: ({ request, now }) => {
    const ids = (itemsIn(request.body) ?? []).map((item) => selectTexts(item, [path("id")])[0] ?? null);
    return ids.length > 0 && ids.every((id) => id !== null) ? [joinTexts(ids)] : [request.body, now.toISOString()];
  },
  handshakes: [
    {
      signed: false,
      answer: (request) => {
        const token = request.method.toUpperCase() === "POST" ? queryValue(request, "validationToken") : null;
        return token === null ? null : textAnswer(token);
      },
    },
  ],
  batch: {
    at: "value[]",
    by: "`id`, or the body with the time of arrival and its place in it",
    items: itemsAt("value"),
    identity: {
      ...itemIdentity({ id: "id", type: [] }),
      type: [[{ body: "lifecycleEvent" }], [{ body: "changeType" }]],
    },
  },
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "body `value[].id` where there is one; whether it stays the same on a retry is not documented",
    dedupeKey: "the ids of the items; without them the body with the time of arrival, so that no change is lost",
    notCovered: "everything: who knows the clientState can send anything",
    handshakeNote: "POST with `validationToken` is answered with its text",
    notes:
      "Every item must hold a live secret as its clientState. With `audience` (the app's id) the `validationTokens` of rich notifications are verified too, made by Microsoft for that app and one of `issuers`, and items with encrypted content are refused without them. Subscription, resource and kind of change are no key: the next change of the same thing has the same. Without ids a retry counts as a new event.",
    source: ["microsoftgraph/microsoft-graph-docs-contrib change-notifications-delivery-webhooks"],
    confidence: "high",
  },
});

function listIn(body: Uint8Array): Uint8Array {
  const [list] = select(body, [path("value")]);
  return Buffer.from(list?.kind === "other" ? list.text : "");
}

function itemsIn(body: Uint8Array): readonly Uint8Array[] | null {
  return itemsOf(listIn(body));
}

function readStates(arrival: Arrival): readonly (readonly string[])[] | Refused {
  const items = itemsIn(arrival.request.body);
  if (items === null || items.length === 0) return refuseBody(arrival, "it has no list of items in value");
  const states: string[][] = [];
  for (const item of items) {
    const [state] = select(item, itemPaths);
    if (state?.kind !== "string") return refuseBody(arrival, "an item has no clientState as text, once");
    states.push([state.text]);
  }
  return states;
}

/** Null when there is nothing more to prove. */
function checkTokens(arrival: Arrival): Finding | null {
  const { audience } = arrival.receiver;
  if (audience === undefined) return null;
  const { body } = arrival.request;
  const [list] = select(body, [path("validationTokens")]);
  const tokens = list?.kind === "other" ? (itemsOf(Buffer.from(list.text)) ?? []) : [];
  // Content that is there twice is there: null for all counts as well.
  const isRich = (itemsIn(body) ?? []).some((item) => selectExactly(item, itemPaths)?.[1] !== null);
  if (tokens.length === 0)
    return isRich ? refuseBody(arrival, "it has encrypted content and no validationTokens") : null;
  if (tokens.length > tokensMax) return refuseBody(arrival, "it has too many validationTokens");
  for (const token of tokens) {
    const text: unknown = selectTexts(Buffer.concat([Buffer.from('{"t":'), token, Buffer.from("}")]), [path("t")])[0];
    const finding = proveEntraToken(arrival, entraTokenRule, String(text), "validationTokens", graphAppId);
    if (!finding.ok) return finding;
  }
  return null;
}
