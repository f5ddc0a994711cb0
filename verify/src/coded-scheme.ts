import type { Arrival } from "./arrival.ts";
import type { Finding } from "./engines/proof.ts";
import type { SecretRule } from "./scheme.ts";
import type { VerifyInput } from "./verify.ts";

/** A request with what its provider would add to it. `headers` are the added ones alone. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** True where the secret itself is in it, in whatever spelling, and not a signature that it made. */
  readonly showsSecret?: boolean;
}

/**
 * A scheme that is more than data: an engine made it from a provider's rules, and it knows by itself how to prove and to sign.
 * - `key-pair`: a public-key signature over a template (ECDSA, RSA, Ed25519).
 * - `jwt`: a token with claims, mostly with a hash of the body among them; `jws`: a signature whose payload stands beside it,
 *   or whose key comes with a chain of certificates.
 * - `certificate`: a signature by a certificate that is fetched from the provider's pinned host.
 * - `url-form`, `body-fields`, `canonical-request`, `digest`: shared-secret schemes over the URL with form parameters, chosen
 *   fields of the body, a request in normal form, and a hash without HMAC.
 * - `credentials`: a password or a shared token; nothing is signed.
 * - `handshake-only`: nothing but the URL check is known here, and every arrival is refused.
 */
export interface CodedScheme {
  readonly engine:
    | "key-pair"
    | "jwt"
    | "jws"
    | "certificate"
    | "url-form"
    | "body-fields"
    | "canonical-request"
    | "digest"
    | "credentials"
    | "handshake-only";
  readonly prove: (arrival: Arrival) => Finding;
  /** Throws when the receiver holds nothing to sign with, or the request nothing to sign: mistakes of the calling code. */
  readonly sign: (input: VerifyInput) => SignedRequest;
  /** How secrets are read; null where the scheme has none. */
  readonly secret: SecretRule | null;
  /** True where the scheme reads `publicKeys`. */
  readonly readsPublicKeys: boolean;
  readonly receiverFields: readonly string[];
  readonly toleranceSec: number | null;
  readonly signsUrl: boolean;
}
