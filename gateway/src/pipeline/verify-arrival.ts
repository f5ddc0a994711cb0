import type { Diagnosis, KeyNeed, Verified, VerifyInput } from "@holdfast/verify";
import { answerHandshake, verify } from "@holdfast/verify";
import type { Arrival, ReadySource } from "./arrival.ts";
import { listUnreadable } from "./unreadable-secrets.ts";

export type Verification =
  /** `confirmUrl`: where the request, which is genuine, asks for a visit. */
  | { readonly kind: "verified"; readonly verdict: Verified; readonly confirmUrl: string | null }
  | {
      readonly kind: "handshake";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    }
  | { readonly kind: "key_needed"; readonly need: KeyNeed }
  | Refusal;

type Refusal = { readonly kind: "refused"; readonly reason: string; readonly diagnosis: Diagnosis };

/**
 * Verifies an arrival over the bytes that came, or answers the provider's URL check. Fails closed: a verifier that throws
 * refuses, since an unverified event must never look like a verified one. Where a key has to be fetched first it is named;
 * see `verifyWithKeys`.
 *
 * @param publicUrl where providers address this gateway, for schemes that sign the URL; null: as the Host header says
 */
export function verifyArrival(ready: ReadySource, arrival: Arrival, publicUrl: string | null): Verification {
  // Refused briefly at first: explainRefusal looks closer, as often as a source may.
  const input = { brief: true, ...toVerifyInput(ready, arrival, publicUrl) };
  try {
    const handshake = ready.provider?.handshake === true ? answerHandshake(input) : null;
    // A check that must be confirmed elsewhere is recorded like any event: it is told whether or not it is confirmed.
    if (handshake !== null && handshake.confirmUrl === undefined && mayAnswer(handshake.status, ready, arrival)) {
      const { status, headers, body } = handshake;
      return { kind: "handshake", status, headers, body };
    }
    const verdict = verify(input);
    if (verdict.ok) return { kind: "verified", verdict, confirmUrl: handshake?.confirmUrl ?? null };
    if (verdict.reason === "key_needed") return { kind: "key_needed", need: verdict.need };
    return { kind: "refused", reason: verdict.reason, diagnosis: verdict.diagnosis };
  } catch {
    return refuse(
      "verifier_failed",
      "The verifier failed on this request; it was refused. Please report this with the raw request.",
    );
  }
}

/**
 * A check that is found wrong, as Xero wants to be told, may be right by a secret that cannot be read here: its refusal is then one
 * that proves nothing, as any other.
 */
function mayAnswer(status: number, { source }: ReadySource, { receivedAt }: Arrival): boolean {
  return status < 400 || listUnreadable(source, receivedAt).length === 0;
}

/** The arrival as the library takes it. */
export function toVerifyInput(ready: ReadySource, arrival: Arrival, publicUrl: string | null): VerifyInput {
  const { method, headers, body } = arrival;
  return {
    provider: ready.source.provider,
    receiver: ready.receiver,
    request: { method, url: addressedUrl(arrival, publicUrl), headers, body },
    now: arrival.receivedAt,
  };
}

/** The refusal for a cause that the library does not know of. */
export function refuse(reason: string, summary: string, evidence: Diagnosis["evidence"] = {}): Refusal {
  return { kind: "refused", reason, diagnosis: { step: "request", summary, evidence, likelyCause: null } };
}

function addressedUrl(arrival: Arrival, publicUrl: string | null): string {
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, "") + arrival.url;
  const host = arrival.headers.find(([name]) => name.toLowerCase() === "host")?.[1];
  return host === undefined ? arrival.url : `http://${host}${arrival.url}`;
}
