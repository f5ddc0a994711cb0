import { randomBytes } from "node:crypto";
import type { EventIdentity } from "@holdfast/verify";
import { identifyUnsigned, sign, verify } from "@holdfast/verify";
import type { ReadySource } from "./arrival.ts";
import type { FilterFaultObserver } from "./draft-event.ts";
import { draftEvent } from "./draft-event.ts";
import type { EventDraft } from "./record-event.ts";

/** An event as a provider's own log tells it, over TLS. */
export interface ListedEvent {
  /** What the ledger is believed to know it by: `id:…` or `number:…`, or what {@link nameListed} makes of it. */
  readonly eventKey: string;
  readonly providerEventId: string;
  readonly eventType: string | null;
  readonly occurredAt: Date | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** A draft, or why the event cannot be recorded without the risk that its own arrival would count as another one. */
export type ListedDraft =
  | { readonly ok: true; readonly draft: EventDraft }
  | { readonly ok: false; readonly detail: string };

/**
 * Turns an event of a provider's log into what will be recorded, marked as verified by the provider's API and under the same
 * ledger keys as the provider's own request would have. Those keys come from the same code as the live path's: the request is
 * signed with a secret of the moment and verified, and the verdict says what it is.
 *
 * @param now when it is recorded, which is when it counts as received
 * @param onFilterFault told of each filter that could not be worked out for it
 */
export function draftListedEvent(
  ready: ReadySource,
  listed: ListedEvent,
  now: Date,
  random: (bytes: number) => Uint8Array,
  onFilterFault?: FilterFaultObserver,
): ListedDraft {
  const judged = judgeIdentity(ready, listed, now);
  if (typeof judged === "string") return { ok: false, detail: judged };
  const arrival = {
    method: "POST",
    url: `/in/${ready.source.key}`,
    headers: listed.headers,
    body: listed.body,
    remoteAddress: "provider API",
    receivedAt: now,
  };
  const draft = draftEvent(
    ready,
    arrival,
    { ok: true, ...judged, secretVersion: null, signedAt: null },
    random,
    onFilterFault,
  );
  // Many are received at once, and a log is read newest first as often as not: their order is the provider's own.
  const at = Math.min(now.getTime(), draft.occurredAt?.getTime() ?? Infinity) * 1_000;
  const deliveries = draft.deliveries.map(({ order, ...delivery }) => ({
    ...delivery,
    trigger: "reconcile" as const,
    order: order == null ? null : { ...order, at },
  }));
  return { ok: true, draft: { ...draft, verifiedBy: "provider_api", deliveries } };
}

/**
 * What the ledger knows an event of a log by. The connector's word stands where the log's bytes do not tell: not all ids are keys, some
 * count only within what else the request says.
 */
export function nameListed(
  { source }: Pick<ReadySource, "source">,
  listed: Pick<ListedEvent, "eventKey" | "providerEventId" | "headers"> & { readonly body: Uint8Array | null },
): string {
  const { eventKey, providerEventId, headers, body } = listed;
  const found =
    body === null ? null : identifyUnsigned({ provider: source.provider, request: toRequest(headers, body) });
  return found?.eventId === providerEventId ? keyTextOf(found) : eventKey;
}

function judgeIdentity(ready: ReadySource, listed: ListedEvent, now: Date): EventIdentity | string {
  const { source, provider } = ready;
  if (provider === null) return `this build knows no provider ${source.provider}`;
  // Its items have keys made of their places in the request, which no log tells.
  if (source.policy.batch === "item")
    return `the source ${source.name} takes requests of several events apart, so a log of events cannot be matched with it`;
  if (provider.identity === "none")
    return `events of ${provider.name} have no id of their own, so its log cannot be matched with what arrived`;
  const stated = {
    eventId: listed.providerEventId,
    eventKey: Buffer.from(listed.eventKey),
    contentKey: null,
    eventType: listed.eventType,
    occurredAt: listed.occurredAt,
    payloadVersion: null,
  };
  const request = toRequest(listed.headers, listed.body);
  const told = identifyUnsigned({ provider: source.provider, request });
  const found = identify(source.provider, listed, now) ?? told;
  if (found === null && provider.idIsScoped)
    return `an id of ${provider.name} counts within what else its request says, and the log does not tell that: point the connector at the whole request`;
  if (found === null) return stated;
  const merged = {
    ...found,
    eventId: listed.providerEventId,
    eventType: found.eventType ?? listed.eventType,
    occurredAt: found.occurredAt ?? listed.occurredAt,
  };
  const foundKey = Buffer.from(found.eventKey).toString("utf8");
  // An id that is not the key: by what the webhook's is made of besides, no log can be matched with it.
  if (found.eventId !== null && !provider.idIsScoped && isOfContent(foundKey))
    return `the id ${found.eventId.slice(0, 128)} names what it tells of, all that is told of that has it, and the log does not say which event this is`;
  if (foundKey === listed.eventKey || found.eventId === listed.providerEventId) return merged;
  // The id stands in a header that the log does not tell: then there is none, or one was made up for the signature.
  if (found.eventId === null || found.eventId !== told?.eventId) return { ...merged, eventKey: stated.eventKey };
  return `the log calls it ${listed.providerEventId.slice(0, 128)}, and the webhook of these bytes would have the key ${foundKey.slice(0, 128)}: point the connector at the id that webhooks carry`;
}

/** Whether a key is made of what a request holds, or of an id within its scope. */
export function isOfContent(key: string): boolean {
  return key.startsWith("sha256:");
}

function toRequest(headers: ListedEvent["headers"], body: Uint8Array) {
  return { method: "POST", url: "http://log.invalid/", headers, body };
}

function keyTextOf(identity: EventIdentity | null): string {
  return Buffer.from(identity?.eventKey ?? []).toString("utf8");
}

/** What verification would call this request. Null where the scheme cannot be signed with a secret made up on the spot. */
function identify(provider: string, listed: ListedEvent, now: Date): EventIdentity | null {
  const receiver = { secrets: [`whsec_${randomBytes(32).toString("base64")}`] };
  const request = toRequest(listed.headers, listed.body);
  try {
    const added = sign({ provider, receiver, request, now });
    const names = new Set(added.map(([name]) => name.toLowerCase()));
    const headers = [...listed.headers.filter(([name]) => !names.has(name.toLowerCase())), ...added];
    const verdict = verify({ provider, receiver, request: { ...request, headers }, now });
    return verdict.ok ? verdict : null;
  } catch {
    return null;
  }
}
