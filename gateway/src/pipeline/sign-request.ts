import { findProvider, signRequest as signAsProvider } from "@holdfast/verify";
import type { Source } from "../domain/catalog.ts";
import { isLive } from "../domain/secret-life.ts";
import { messageOf } from "../platform/log.ts";

/** A request to be signed; `url` as the provider would address it. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** What the provider would send. `headers` are those that it adds; each takes the place of a given one of the same name. */
export interface SignedParts {
  readonly headers: [string, string][];
  readonly url: string;
  readonly body: Uint8Array;
}

/**
 * Signs a request as the source's provider would, with the source's own live secrets: for samples and drills. Some providers sign
 * inside the body or the URL, so both come back, and are as they were given for all others.
 *
 * @returns what the provider would send, or why the source cannot sign; the words name no secret
 */
export function signRequest(
  source: Source,
  request: UnsignedRequest,
  now: Date,
): ({ readonly ok: true } & SignedParts) | { readonly ok: false; readonly message: string } {
  const secrets = source.secrets.flatMap((secret) => {
    const { value, version } = secret;
    return value !== null && isLive(secret, now) ? [{ value, version }] : [];
  });
  try {
    const receiver = { ...source.receiver, secrets };
    const signed = signAsProvider({ provider: source.provider, receiver, request, now });
    const given = new Set(request.headers.map(toText));
    if (source.origin !== "sample" && showsSecret(source, signed)) {
      return { ok: false, message: "its provider sends the secret itself, and secrets never come back" };
    }
    const added = signed.headers.filter((header) => !given.has(toText(header)));
    return {
      ok: true,
      headers: added.map(([name, value]) => [name, value]),
      url: signed.url,
      body: signed.body,
    };
  } catch (error) {
    // It throws where the source holds nothing to sign with, which here is a state of the source and no bug.
    return { ok: false, message: messageOf(error) };
  }
}

/**
 * Whether the signed request carries the secret itself: a shared token, a password, a secret path. The scheme says so, since a
 * URL, JSON and Basic spell it otherwise than it is; what it carries by its name or as it is counts in any case.
 */
function showsSecret(source: Source, signed: ReturnType<typeof signAsProvider>): boolean {
  if (signed.showsSecret === true) return true;
  const carriers = [...(findProvider(source.provider)?.secretHeaders ?? []), "authorization"];
  if (signed.headers.some(([name]) => carriers.includes(name.toLowerCase()))) return true;
  const text = `${signed.url}\n${Buffer.from(signed.body).toString("latin1")}`;
  return source.secrets.some(({ value }) => value !== null && value.length > 0 && text.includes(value));
}

function toText([name, value]: readonly [string, string]): string {
  return `${name.toLowerCase()}: ${value}`;
}
