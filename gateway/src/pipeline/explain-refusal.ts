import type { Diagnosis, LikelyCause } from "@holdfast/verify";
import { verify } from "@holdfast/verify";
import type { Source } from "../domain/catalog.ts";
import { isLive } from "../domain/secret-life.ts";
import type { Arrival, ReadySource } from "./arrival.ts";
import { toVerifyInput } from "./verify-arrival.ts";

/** What is wrong with a rejected arrival: the library's diagnosis, and the causes that only the gateway can find. */
export type RejectionDiagnosis = Omit<Diagnosis, "likelyCause"> & {
  readonly likelyCause: LikelyCause | "secret_retired" | "secret_of_other_source" | null;
};

/** A secret that does not verify at a source, and may still be the one that was signed with. */
export interface Suspect {
  readonly version: string;
  readonly value: string;
  /** Since when it is retired; null for another source's. */
  readonly retiredAt: Date | null;
  /** The other source's name; null for one of the source's own. */
  readonly source: string | null;
}

export interface SignerSearch {
  /** The suspects of a source, the likeliest first. */
  readonly suspects: (source: Source, now: Date) => readonly Suspect[];
  /** Whether a search may be made for this source now: forgeries must cost the honest little. */
  readonly mayTry: (sourceId: string) => boolean;
}

interface Refusal {
  readonly reason: string;
  readonly diagnosis: RejectionDiagnosis;
}

const TRIALS_MAX = 20;
/** One call of the library tries so many. */
const SECRETS_MAX = 10;
/** Bytes that one search may hash: about 5 ms. */
const BYTES_MAX = 4 * 1_048_576;

/**
 * Looks among the source's retired secrets and the tenant's other sources of the same provider for the one that made the
 * signature, and says so. The answer stays a refusal: every secret is tried as one whose end has passed, with which the
 * library verifies nothing.
 */
export function explainRefusal(
  deps: { readonly signers: SignerSearch; readonly publicUrl: string | null },
  ready: ReadySource,
  arrival: Arrival,
  refusal: Refusal,
): Refusal {
  if (!isOpen(refusal)) return refusal;
  const affordable = Math.min(TRIALS_MAX, Math.floor(BYTES_MAX / Math.max(arrival.body.length, 1)));
  const suspects = deps.signers.suspects(ready.source, arrival.receivedAt).slice(0, affordable);
  if (suspects.length === 0 || !deps.signers.mayTry(ready.source.id)) return refusal;
  const signer = findSigner(ready, arrival, suspects, deps.publicUrl);
  if (signer === null) return refusal;
  return signer.source === null ? explainRetired(ready, refusal, signer) : explainOther(refusal, signer);
}

/** The suspects of a source: its retired versions, newest first, then what verifies at the others, which are of the same tenant and provider. */
export function listSuspects(source: Source, kin: readonly Source[], now: Date): readonly Suspect[] {
  const retired = source.secrets
    .filter(({ state }) => state === "retired")
    .toSorted((a, b) => (b.retiredAt?.getTime() ?? 0) - (a.retiredAt?.getTime() ?? 0));
  const suspects = retired.slice(0, SECRETS_MAX).flatMap(({ version, value, retiredAt }): Suspect[] => {
    return value === null ? [] : [{ version, value, retiredAt, source: null }];
  });
  for (const other of kin) {
    if (suspects.length >= TRIALS_MAX) break;
    if (other.id === source.id) continue;
    for (const secret of other.secrets) {
      const { version, value } = secret;
      if (value !== null && isLive(secret, now)) suspects.push({ version, value, retiredAt: null, source: other.name });
    }
  }
  return suspects;
}

// Where the library has found the cause already, or the request cannot be judged, no other secret explains it better.
function isOpen({ reason, diagnosis: { likelyCause } }: Refusal): boolean {
  if (reason === "receiver_incomplete") return true;
  if (reason !== "signature_mismatch" && reason !== "token_mismatch") return false;
  return likelyCause === null || likelyCause === "body_or_secret_differs";
}

function findSigner(
  ready: ReadySource,
  arrival: Arrival,
  suspects: readonly Suspect[],
  publicUrl: string | null,
): Suspect | null {
  const input = toVerifyInput(ready, arrival, publicUrl);
  const notAfter = new Date(0);
  for (let first = 0; first < suspects.length; first += SECRETS_MAX) {
    const batch = suspects.slice(first, first + SECRETS_MAX);
    const secrets = batch.map(({ value }, i) => ({ value, version: String(i), notAfter, allowShort: true }));
    const verdict = verify({ ...input, receiver: { ...input.receiver, secrets } });
    if (verdict.ok || verdict.reason !== "secret_expired") continue;
    const place = verdict.diagnosis.evidence["secretVersion"];
    const signer = batch[Number(place)];
    if (signer !== undefined) return signer;
  }
  return null;
}

function explainRetired(ready: ReadySource, { diagnosis }: Refusal, { version, retiredAt }: Suspect): Refusal {
  const since = retiredAt === null ? "" : ` on ${retiredAt.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const active = ready.source.secrets.find(({ state }) => state === "active")?.version;
  const remedy = active === undefined ? "add the current secret" : `move the sender to ${active}`;
  return {
    reason: "secret_expired",
    diagnosis: {
      step: "signature",
      summary: `The request is signed with version ${version}, which was retired${since}. Either ${remedy}, or add the old secret again as a new version until the sender has moved.`,
      evidence: {
        ...diagnosis.evidence,
        secretVersion: version,
        ...(retiredAt === null ? {} : { retiredAt: retiredAt.toISOString() }),
      },
      likelyCause: "secret_retired",
    },
  };
}

function explainOther({ reason, diagnosis }: Refusal, { version, source }: Suspect): Refusal {
  return {
    reason,
    diagnosis: {
      step: "signature",
      summary: `The request is signed with the secret of source ${source} (version ${version}), which is not one of this source. Let the sender post to the URL of ${source}, or give this source that secret too.`,
      evidence: { ...diagnosis.evidence, secretOfSource: String(source), secretVersion: version },
      likelyCause: "secret_of_other_source",
    },
  };
}
