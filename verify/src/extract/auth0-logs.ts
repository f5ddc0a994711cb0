import type { Arrival } from "../arrival.ts";
import type { Chunk } from "../provider.ts";
import { path } from "./json-scan.ts";
import { itemsOf, joinTexts, selectTexts } from "./select.ts";

const idPath = [path("log_id")];
const nothing = Buffer.from("{}");

/** The document of a request with one entry; of several there is none. */
export function describeLogs({ request }: Arrival): Uint8Array {
  const entries = entriesOf(request.body);
  return entries.length === 1 ? (entries[0] ?? nothing) : nothing;
}

/** The ids of all entries, which stay the same where the batch is sent again in another format; the body when one has none. */
export function logIds({ request }: Arrival): readonly Chunk[] {
  const ids = entriesOf(request.body).map((entry) => selectTexts(entry, idPath)[0] ?? null);
  return ids.length === 0 || ids.includes(null) ? [request.body] : ["ids:", joinTexts(ids)];
}

/** A list of JSON, a single object, or an object a line: the three formats of a stream. */
function entriesOf(body: Uint8Array): readonly Uint8Array[] {
  const items = itemsOf(body);
  if (items !== null) return items;
  const lines = Buffer.from(body).toString("utf8").split("\n");
  const objects = lines.map((line) => line.trim()).filter((line) => line !== "");
  const isEach = objects.length <= 2000 && objects.every((line) => line.startsWith("{") && line.endsWith("}"));
  return isEach ? objects.map((line) => Buffer.from(line, "utf8")) : [body];
}
