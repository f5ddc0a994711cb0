import type { Arrival } from "../arrival.ts";
import type { KeyRing } from "../key.ts";
import { refuse } from "../refuse.ts";
import type { Refused } from "../verdict.ts";

/** The refusal when the receiver holds no secret that could be tried. */
export function explainNoKey({ entry }: Arrival, ring: KeyRing): Refused {
  const given = ring.unusable;
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary:
      given === 0
        ? `The receiver has no secret. Give it the one that ${entry.provider.name} shows for this receiver, in secrets.`
        : `None of the receiver's ${given} secrets can be used: a secret must not be empty, blank, a bare prefix or (where base64 is expected) anything else than base64.`,
    evidence: { field: "secrets", given },
    likelyCause: "configuration",
  });
}
