import { createHash } from "node:crypto";
import type { Arrival } from "./arrival.ts";
import { identify, isKey } from "./extract/identify.ts";
import type { ItemRule } from "./extract/items.ts";
import type { EventIdentity } from "./identity.ts";
import type { ProviderEntry } from "./provider.ts";
import type { Verified } from "./verdict.ts";
import { readArrival } from "./verify.ts";
import type { VerifyInput } from "./verify.ts";
import { findEntry } from "./table.ts";

/** One event of a request that carries several. */
export interface BatchItem extends EventIdentity {
  /** The item's bytes as they stand in the body: a slice of it, or of a form's decoded field, never written anew. */
  readonly body: Uint8Array;
}

/** Items at most; a request with more is not split. */
export const batchItemsMax = 1000;

/**
 * The events of a genuine request, each with its own bytes, id, key, type and time. For requests that have verified only:
 * nothing is verified here.
 *
 * An item is deduplicated by its own id or fields where it has them, and else by the key of the whole request with its place in
 * it. Two items of one request may have the same key: the same event, told twice.
 *
 * @param verdict what `verify` gave for the same input
 * @returns null where the provider sends single events, or this request is no list that can be read in one way only, is empty, or
 *   holds more than 1,000 items: it is one event then
 */
export function splitBatch(input: VerifyInput, verdict: Verified): readonly BatchItem[] | null {
  const entry = findEntry(input.provider);
  if (entry === null || entry.batch === null) return null;
  const arrival = readArrival(entry, input);
  if ("ok" in arrival) return null;
  const { rule, itemEntry } = entry.batch;
  const items = rule.items(arrival);
  if (items === null || items.length === 0 || items.length > batchItemsMax) return null;
  return items.map((body, index) => identifyItem(arrival, { rule, itemEntry, body, index, whole: verdict.eventKey }));
}

interface Item {
  readonly rule: ItemRule;
  readonly itemEntry: ProviderEntry;
  readonly body: Uint8Array;
  readonly index: number;
  readonly whole: Uint8Array;
}

function identifyItem(arrival: Arrival, { rule, itemEntry, body, index, whole }: Item): BatchItem {
  const document = rule.document?.(arrival, body) ?? body;
  const own = { ...arrival, entry: itemEntry, request: { ...arrival.request, body: document } };
  const identity = identify(own, { ok: true, secretVersion: null, signedAt: null, signed: [] });
  if (identity.eventId !== null && isKey(rule.identity, own, identity.eventId)) return { ...identity, body };
  const stable = rule.stable?.(body) ?? null;
  const hash = createHash("sha256");
  if (stable === null) hash.update(`item ${index} of `).update(whole);
  else for (const chunk of stable) hash.update(chunk);
  return { ...identity, eventKey: Buffer.from(`sha256:${hash.digest("hex")}`, "utf8"), body };
}
