import type { Source } from "../domain/catalog.ts";
import { isLive } from "../domain/secret-life.ts";

/**
 * What of a source's secrets this process cannot read, by version or field: sealed with a master key that it was not given, most
 * likely because a newer one is being rolled out. Retired and ended versions do not count: nothing verifies with them.
 */
export function listUnreadable({ secrets, receiverUnreadable }: Source, now: Date): readonly string[] {
  const versions = secrets.filter((secret) => secret.value === null && isLive(secret, now));
  return [...versions.map(({ version }) => version), ...receiverUnreadable];
}

/** Refusals that another secret could turn into an acceptance. All others would stay refused whatever could be read. */
const MAY_DEPEND = new Set([
  "receiver_incomplete",
  "signature_mismatch",
  "token_mismatch",
  "secret_expired",
  "claim_mismatch",
]);

/**
 * True when a refusal proves nothing, because a secret that cannot be read here may have made the signature. Providers give up on
 * a 401, and come again on a 503.
 */
export function isUndecided(reason: string, source: Source, now: Date): boolean {
  return MAY_DEPEND.has(reason) && listUnreadable(source, now).length > 0;
}
