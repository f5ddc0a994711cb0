import { defineProvider } from "../define-provider.ts";
import { decodeExact } from "../encoding.ts";
import { itemIdentity, itemsInForm, stableFields, stableItems } from "../extract/items.ts";
import { isAmong } from "../engines/hmac-match.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import type { Arrival } from "../arrival.ts";
import { readSignature, readUrl, refuseBody } from "../engines/read-parts.ts";
import { decodeForm } from "../extract/form.ts";
import type { FormField } from "../extract/form.ts";
import { batchDocument, itemsOf } from "../extract/select.ts";
import { emptyAnswer, formValue, methodCheck } from "../handshakes/answers.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import { readKeys } from "../key.ts";
import type { SecretRule } from "../scheme.ts";
import type { WebhookRequest } from "../request.ts";
import { onlyHeader } from "../request.ts";
import type { Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";

const header = "X-Mandrill-Signature";
const secret: SecretRule = { encoding: "utf8", prefix: "", bytesMin: 16 };
const hmac = hmacWith("sha1");
/** Inbound mails and changes of lists have no `_id`, and many of them come in one second. */
const stable = stableFields(["_id", "event", "ts", "url"]);

/** Mandrill: the registered URL and the sorted form parameters. One request carries a batch of events. */
export const mandrill = defineProvider({
  slug: "mandrill",
  name: "Mailchimp Transactional (Mandrill)",
  headers: [{ signature: header }],
  handshakeMethods: ["HEAD"],
  scheme: macScheme({
    engine: "url-form",
    secret,
    toleranceSec: null,
    signsUrl: true,
    mac: hmac,
    read,
    write: ({ receiver, request }, make) => {
      const url = receiver.notificationUrl ?? request.url;
      const fields = decodeForm(request.body);
      if (fields === null) throw new Error("Mandrill sends a form; the body is none.");
      const signature = make([url + joinFields(fields)]).toString("base64");
      return { url: request.url, body: request.body, headers: [[header, signature]] };
    },
  }),
  document: ({ request }) => batchDocument(eventsOf(request.body), ["event"]),
  identity: {
    id: [{ body: "_id" }],
    idIsUnique: false,
    type: [[{ body: "event" }]],
    time: [{ place: { body: "ts" }, unit: "s" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => stableItems(itemsOf(eventsOf(request.body)), stable) ?? [request.body],
  handshakes: [methodCheck("HEAD"), { signed: false, answer: answerEmptyBatch }],
  batch: {
    at: "mandrill_events[]",
    by: "`_id`, event, time and clicked link; without an `_id` the body and its place in it",
    items: itemsInForm("mandrill_events"),
    identity: { ...itemIdentity({ id: "_id", type: ["event"], time: { at: "ts", unit: "s" } }), idIsUnique: false },
    stable,
  },
  facts: {
    identity: "none",
    signedContent: "{url}{name}{value}… (names sorted)",
    eventIdFrom: "none: `_id` of an item names the mail; inbound mails and changes of lists have none",
    dedupeKey: "`_id`, event, time and clicked link of every item of the batch; the body where an item has no `_id`",
    notCovered: "the time of sending (there is none), method and other headers, and where a parameter's name ends",
    handshakeNote: "HEAD is answered with 200; so is an empty batch signed with a secret or the key `test-webhook`",
    notes:
      "`notificationUrl` exactly as registered. A batch is one event; its type is told when all items have the same.",
    source: ["mandrill.zendesk.com/hc/en-us/articles/205583257 How to Authenticate Webhook Requests"],
    confidence: "medium",
  },
});

function read(arrival: Arrival): MacReading | Refused {
  const signature = readSignature(header, arrival.values.signature, "base64", 20);
  if ("ok" in signature) return signature;
  const url = arrival.receiver.notificationUrl ?? readUrl(arrival);
  if (typeof url !== "string") return url;
  if (decodeForm(arrival.request.body) === null)
    return refuseBody(arrival, "it is no form that can be read in one way only");
  return { ok: true, signatures: [signature], contentsOf, url, time: null };
}

function contentsOf(body: Uint8Array, at: string): string[][] {
  const fields = decodeForm(body);
  return fields === null ? [] : [[at + joinFields(fields)]];
}

function joinFields(fields: readonly FormField[]): string {
  const sorted = fields.toSorted((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
  return sorted.map(({ name, value }) => name + value).join("");
}

function eventsOf(body: Uint8Array): Uint8Array {
  const fields = decodeForm(body)?.filter(({ name }) => name === "mandrill_events") ?? [];
  return Buffer.from(fields.length === 1 ? (fields[0]?.value ?? "") : "");
}

/** Mandrill tries a URL with no events, signed with a key that everybody knows: nothing can come of it. */
function answerEmptyBatch(request: WebhookRequest, { receiver, now }: VerifyInput): HandshakeAnswer | null {
  if (formValue(request, "mandrill_events") !== "[]") return null;
  const given = decodeExact(onlyHeader(request.headers, header.toLowerCase()) ?? "", "base64", 20);
  if (given === null) return null;
  const fields = decodeForm(request.body) ?? [];
  const keys = ["test-webhook", ...readKeys(receiver, secret, now).live.map(({ text }) => text)];
  const url = (receiver.notificationUrl ?? request.url) + joinFields(fields);
  const fitting = keys.filter((key) => isAmong(hmac(key, [url], receiver), [given]));
  return fitting.length > 0 ? emptyAnswer() : null;
}
