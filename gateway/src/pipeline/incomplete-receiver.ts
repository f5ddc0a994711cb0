import { findProvider } from "@holdfast/verify";
import type { Source } from "../domain/catalog.ts";
import { isLive } from "../domain/secret-life.ts";
import type { ReadySource } from "./arrival.ts";

/** What a source's provider cannot do without and it lacks, by field. What cannot be read here is not lacking. */
export function listMissing({ provider, receiver, receiverUnreadable, secrets }: Source, now: Date): readonly string[] {
  const given: Readonly<Record<string, unknown>> = { ...receiver };
  const isThere = (field: string): boolean => {
    if (field === "secrets") return secrets.some((secret) => isLive(secret, now));
    const value = given[field];
    const isEmpty =
      value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
    return !isEmpty || receiverUnreadable.includes(field);
  };
  return (findProvider(provider)?.receiverFields ?? []).filter((field) => !isThere(field));
}

/**
 * True when a refusal says nothing of the request: nothing that its sender does can mend the source, and providers give up on a
 * 401. Where only the URL check of a provider is known nobody can mend it, so that one shall not come again.
 */
export function isUnjudged(reason: string, { provider }: Pick<ReadySource, "provider">): boolean {
  return reason === "receiver_incomplete" && provider?.engine !== "handshake-only";
}
