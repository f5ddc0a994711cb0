import type { Arrival } from "../arrival.ts";
import { describeBatch } from "./batch.ts";
import { path, scanJson } from "./json-scan.ts";
import { select } from "./select.ts";

const envelope = { object: "object" };
/** WhatsApp and Pages: changes of fields. */
const ofChanges = describeBatch({
  items: ["entry", "changes"],
  envelope,
  shared: { field: "field" },
  single: {},
});
const ofMessages = describeBatch({
  items: ["entry", "changes", "value.messages"],
  envelope,
  shared: {},
  single: { id: "id", time: "timestamp" },
});
/** Messenger and Instagram: messaging events. */
const ofMessaging = describeBatch({
  items: ["entry", "messaging"],
  envelope,
  shared: {},
  single: { mid: "message.mid", timestamp: "timestamp", deleted: "message.is_deleted" },
});
/** One that tells that a message is gone, under the id that the message itself came with. */
const ofDeletion = describeBatch({
  items: ["entry", "messaging"],
  envelope,
  shared: {},
  single: { timestamp: "timestamp" },
});
const entryPath = [path("id")];
const deletedPath = [path("deleted")];

/**
 * What a request of Meta's is known by: the id of the message when there is one message and nothing beside it, and the kind of
 * change on which all changes agree. Changes without a message (status updates above all) have no id of their own, and no more has
 * the end of a message.
 */
export function describeMeta(arrival: Arrival): Uint8Array {
  const messaging = ofMessaging(arrival);
  if (hasMessage(messaging, "mid")) return select(messaging, deletedPath)[0] == null ? messaging : ofDeletion(arrival);
  const changes = Buffer.from(ofChanges(arrival)).toString("utf8");
  const messages = Buffer.from(ofMessages(arrival)).toString("utf8");
  const isAlone = hasMessage(Buffer.from(messages), "id") && !Buffer.from(arrival.request.body).includes('"statuses"');
  // Two flat objects as one: the first without its end, the second without its beginning.
  const extra = isAlone ? messages.slice(1, -1).replace(/^"object":"[^"]*",/, "") : "";
  return Buffer.from(extra === "" || changes === "{}" ? changes : `${changes.slice(0, -1)},${extra}}`, "utf8");
}

/** The same for one entry of the request: as if it had come alone. */
export function describeEntry(arrival: Arrival, entry: Uint8Array): Uint8Array {
  const [object] = select(arrival.request.body, objectPath);
  const head = object?.kind === "string" ? `"object":${JSON.stringify(object.text)},` : "";
  const body = Buffer.concat([Buffer.from(`{${head}"entry":[`), entry, Buffer.from("]}")]);
  return describeMeta({ ...arrival, request: { ...arrival.request, body } });
}

const objectPath = [path("object")];

function hasMessage(document: Uint8Array, name: "id" | "mid"): boolean {
  const paths = name === "id" ? entryPath : [path("mid")];
  return scanJson(document, paths)?.[0]?.value?.kind === "string";
}
