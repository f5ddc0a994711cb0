import { refuse } from "../refuse.ts";
import type { Refused } from "../verdict.ts";
import { verify } from "../verify.ts";
import type { VerifyInput } from "../verify.ts";

/** A secret that does not verify at a source, and may still be the one that was signed with. */
export interface Suspect {
  readonly version: string;
  readonly value: string;
  /** Since when it is retired, where that is known. */
  readonly retiredAt?: Date | null | undefined;
  /** The other source whose secret it is; null or absent for a retired one of the source itself. */
  readonly source?: string | null | undefined;
}

/** What is known beside the refusal, to say what to do. */
export interface SignerSearch {
  /** The likeliest first. The caller bounds them: each costs what one secret costs. */
  readonly suspects: readonly Suspect[];
  /** The version to which a sender with a retired secret should move; null where there is none. */
  readonly activeVersion: string | null;
}

/** One call of `verify` tries so many. */
const secretsMax = 10;

/** True where another secret could explain a refusal better: the library has found no cause, or no secret to try. */
export function mayNameSigner({ reason, diagnosis: { likelyCause } }: Refused): boolean {
  if (reason === "receiver_incomplete") return true;
  if (reason !== "signature_mismatch" && reason !== "token_mismatch") return false;
  return likelyCause === null || likelyCause === "body_or_secret_differs" || likelyCause === "environment_differs";
}

/**
 * Looks among secrets that do not count for the one that made the signature, and says so. What it gives is a refusal whatever it
 * finds: every suspect is tried as a secret whose end has passed, with which nothing verifies.
 */
export function nameSigner(input: VerifyInput, refused: Refused, search: SignerSearch): Refused {
  if (!mayNameSigner(refused)) return refused;
  const signer = findSigner(input, search.suspects);
  if (signer === null) return refused;
  return (signer.source ?? null) === null
    ? explainRetired(refused, signer, search.activeVersion)
    : explainOther(refused, signer);
}

function findSigner(input: VerifyInput, suspects: readonly Suspect[]): Suspect | null {
  const notAfter = new Date(0);
  for (let first = 0; first < suspects.length; first += secretsMax) {
    const some = suspects.slice(first, first + secretsMax);
    const secrets = some.map(({ value }, i) => ({ value, version: String(i), notAfter, allowShort: true }));
    const verdict = verify({ ...input, receiver: { ...input.receiver, secrets } });
    if (verdict.ok || verdict.reason !== "secret_expired") continue;
    const signer = some[Number(verdict.diagnosis.evidence["secretVersion"])];
    if (signer !== undefined) return signer;
  }
  return null;
}

function explainRetired({ diagnosis }: Refused, suspect: Suspect, active: string | null): Refused {
  const { version } = suspect;
  const retiredAt = suspect.retiredAt?.toISOString() ?? null;
  const since = retiredAt === null ? "" : ` on ${retiredAt.slice(0, 19).replace("T", " ")} UTC`;
  const remedy = active === null ? "add the current secret" : `move the sender to ${active}`;
  return refuse("secret_expired", {
    step: "signature",
    summary: `The request is signed with version ${version}, which was retired${since}. Either ${remedy}, or add the old secret again as a new version until the sender has moved.`,
    evidence: { ...diagnosis.evidence, secretVersion: version, ...(retiredAt === null ? {} : { retiredAt }) },
    likelyCause: "secret_retired",
  });
}

function explainOther({ reason, diagnosis }: Refused, { version, source }: Suspect): Refused {
  return refuse(reason, {
    step: "signature",
    summary: `The request is signed with the secret of source ${source} (version ${version}), which is not one of this source. Let the sender post to the URL of ${source}, or give this source that secret too.`,
    evidence: { ...diagnosis.evidence, secretOfSource: String(source), secretVersion: version },
    likelyCause: "secret_of_other_source",
  });
}
