import { readUnsigned } from "./arrival.ts";
import { identify, isKey } from "./extract/identify.ts";
import type { EventIdentity } from "./identity.ts";
import { findEntry } from "./table.ts";
import type { VerifyInput } from "./verify.ts";

/**
 * What a verdict would call a request that comes without its signature, such as one that the provider's own log tells: by the same
 * rules, so that it has the same event key. It says nothing of whether the request is genuine.
 *
 * @returns null where an id is not what the event is known by, or the request names none
 */
export function identifyUnsigned({
  provider,
  request,
}: Pick<VerifyInput, "provider" | "request">): EventIdentity | null {
  const entry = findEntry(provider);
  if (entry === null) return null;
  const own = { entry, receiver: {}, request, now: new Date(0), brief: true, ...readUnsigned(entry, request.headers) };
  const identity = identify(own, { ok: true, secretVersion: null, signedAt: null, signed: [] });
  return identity.eventId !== null && isKey(entry.identity, own, identity.eventId) ? identity : null;
}
