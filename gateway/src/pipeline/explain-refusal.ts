import type { Diagnosis, Refused, RejectionReason, Suspect } from "@holdfast/verify";
import { mayNameSigner, nameSigner, verify } from "@holdfast/verify";
import type { Source } from "../domain/catalog.ts";
import { isLive } from "../domain/secret-life.ts";
import type { Arrival, ReadySource } from "./arrival.ts";
import { toVerifyInput } from "./verify-arrival.ts";

export type { Suspect };

/** What is wrong with a rejected arrival. */
export type RejectionDiagnosis = Diagnosis;

/** The secrets that only the gateway knows of, and how often it may try them. */
export interface SignerSearch {
  /** The suspects of a source, the likeliest first. */
  readonly suspects: (source: Source, now: Date) => readonly Suspect[];
  /** Whether a refusal of this source may be looked into now: forgeries must cost the honest little. */
  readonly mayTry: (sourceId: string) => boolean;
}

/** A refusal by the library, or by the gateway for a reason of its own. */
interface Refusal {
  readonly reason: string;
  readonly diagnosis: Diagnosis;
}

const TRIALS_MAX = 20;
const SECRETS_MAX = 10;
/** Bytes that one search may hash: about 5 ms. */
const BYTES_MAX = 4 * 1_048_576;

/**
 * Looks for the cause of a mismatch, then among the source's retired secrets and the tenant's other sources of the same
 * provider for the secret that made the signature, and says so in the library's words (`holdfast verify` says the same). The answer stays a refusal.
 */
export function explainRefusal(
  deps: { readonly signers: SignerSearch; readonly publicUrl: string | null },
  ready: ReadySource,
  arrival: Arrival,
  refusal: Refusal,
): Refusal {
  const refused = asRefused(refusal);
  if (refused === null || !mayNameSigner(refused)) return refusal;
  if (!deps.signers.mayTry(ready.source.id)) return refusal;
  try {
    return lookCloser(deps, ready, arrival, refused);
  } catch {
    // As in verifyArrival: a verifier that throws on what a stranger sends must not fail the arrival. It is refused already.
    return refusal;
  }
}

function lookCloser(
  deps: { readonly signers: SignerSearch; readonly publicUrl: string | null },
  ready: ReadySource,
  arrival: Arrival,
  refused: Refused,
): Refusal {
  const input = toVerifyInput(ready, arrival, deps.publicUrl);
  const closer = verify(input);
  // With a key that was fetched for this arrival alone there is nothing to look closer with.
  const found = closer.ok || closer.reason === "key_needed" ? refused : closer;
  if (!mayNameSigner(found)) return found;
  const affordable = Math.min(TRIALS_MAX, Math.floor(BYTES_MAX / Math.max(arrival.body.length, 1)));
  const suspects = deps.signers.suspects(ready.source, arrival.receivedAt).slice(0, affordable);
  if (suspects.length === 0) return found;
  const activeVersion = ready.source.secrets.find(({ state }) => state === "active")?.version ?? null;
  return nameSigner(input, found, { suspects, activeVersion });
}

const EXPLAINED: readonly RejectionReason[] = ["receiver_incomplete", "signature_mismatch", "token_mismatch"];

function asRefused({ reason, diagnosis }: Refusal): Refused | null {
  const known = EXPLAINED.find((one) => one === reason);
  return known === undefined ? null : { ok: false, reason: known, diagnosis };
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
