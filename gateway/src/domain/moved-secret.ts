import type { Place } from "./field-checks.ts";
import { report } from "./field-checks.ts";

/** What a secret was shown to, and what it would be shown to now; null: nobody. */
export interface Recipients {
  readonly before: string | null;
  readonly after: string | null;
}

/** Whether it would be shown to somebody else than before. */
export function isMoved({ before, after }: Recipients): boolean {
  return after !== null && after !== before;
}

/**
 * Refuses to keep a secret that would be shown to somebody else than before: it is written and never read, and whoever may change
 * the place could read it there.
 *
 * @param place the field of the secret
 * @returns whether it was refused
 */
export function refuseMovedSecret(place: Place, recipients: Recipients): boolean {
  if (!isMoved(recipients)) return false;
  const { before, after } = recipients;
  const givenFor = before === null ? "" : `, which was given for ${before}`;
  report(place, `is missing: the one that is stored${givenFor} is not sent to ${after}; give it again`);
  return true;
}

const SECRET_HEADER = /authorization|cookie|token|secret|password|credential|signature|(^|[-_])key($|[-_])|apikey/i;

/** Whether a header's value is a credential by its name: it is shown to nobody. */
export function isSecretHeader(name: string): boolean {
  return SECRET_HEADER.test(name);
}
