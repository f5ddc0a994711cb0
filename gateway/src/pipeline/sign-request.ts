import { sign } from "@holdfast/verify";
import type { Source } from "../domain/catalog.ts";
import { messageOf } from "../platform/log.ts";

/** A request to be signed; `url` as the provider would address it. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/**
 * Signs a request as the source's provider would, with the source's own live secrets: for samples and drills.
 *
 * @returns the headers that the provider would add, or why the source cannot sign; the words name no secret
 */
export function signRequest(
  source: Source,
  request: UnsignedRequest,
  now: Date,
): { readonly ok: true; readonly headers: [string, string][] } | { readonly ok: false; readonly message: string } {
  const secrets = source.secrets.flatMap(({ state, value, version, notAfter }) => {
    const isLive = state !== "retired" && (notAfter === null || notAfter > now);
    return isLive && value !== null ? [{ value, version, allowShort: true }] : [];
  });
  try {
    const receiver = { ...source.receiver, secrets };
    return { ok: true, headers: sign({ provider: source.provider, receiver, request, now }) };
  } catch (error) {
    // sign() throws where the source holds nothing to sign with, which here is a state of the source and no bug.
    return { ok: false, message: messageOf(error) };
  }
}
