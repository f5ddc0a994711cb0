import type { EventIdentity } from "./identity.ts";

/**
 * Why an arrival was refused. Closed: a new reason is a new minor version.
 *
 * - `unknown_provider`: no provider has this slug.
 * - `receiver_incomplete`: the receiver configuration lacks, or spoils, what the scheme needs (see `checkReceiver`).
 * - `request_unusable`: the caller gave something that is not a request: a body that is no bytes, a clock that is no date.
 * - `method_not_allowed`: the provider never sends with this method.
 * - `missing_header`, `duplicate_header`, `malformed_header`: a header of the scheme is absent, present twice, or outside the
 *   provider's exact grammar (too long and too many signatures included).
 * - `timestamp_malformed`: the signed time is absent or not in the provider's exact form.
 * - `timestamp_too_old`, `timestamp_too_new`: the signature is genuine, its time is outside the tolerance.
 * - `signature_mismatch`: the header reads well, but no live key makes this signature over these bytes.
 * - `token_mismatch`: the same for providers that send a shared token and sign nothing.
 * - `secret_expired`: only a secret whose `notAfter` has passed makes this signature.
 * - `body_malformed`: the scheme signs decoded fields and the body cannot be decoded without guessing.
 * - `claim_mismatch`: the token or document is genuine, but made for somebody else: issuer, audience, URL, app or environment.
 * - `certificate_untrusted`: the signing certificate is out of date, has no chain to a trusted root, or lies on a foreign host.
 * - `body_hash_missing`, `body_hash_mismatch`: the scheme signs a hash of the body, and it is not there or is another one.
 */
export type RejectionReason =
  | "unknown_provider"
  | "receiver_incomplete"
  | "request_unusable"
  | "method_not_allowed"
  | "missing_header"
  | "duplicate_header"
  | "malformed_header"
  | "timestamp_malformed"
  | "timestamp_too_old"
  | "timestamp_too_new"
  | "signature_mismatch"
  | "token_mismatch"
  | "secret_expired"
  | "body_malformed"
  | "claim_mismatch"
  | "certificate_untrusted"
  | "body_hash_missing"
  | "body_hash_mismatch";

/** The most likely cause of a refusal, found by trying it. Closed, like the reasons. */
export type LikelyCause =
  | "body_or_secret_differs"
  | "body_reserialized"
  | "body_newline_changed"
  | "body_byte_order_mark"
  | "body_charset_changed"
  | "body_compressed"
  | "body_truncated"
  | "body_empty"
  | "body_not_raw"
  | "secret_has_white_space"
  | "secret_prefix_missing"
  | "secret_prefix_not_removed"
  | "secret_encoding"
  | "secret_expired"
  | "secret_retired"
  | "secret_of_other_source"
  | "environment_differs"
  | "signature_encoding"
  | "signature_letter_case"
  | "signature_prefix_missing"
  | "signature_prefix_added"
  | "headers_joined"
  | "headers_repeated"
  | "wrong_header"
  | "legacy_header_only"
  | "header_removed"
  | "clock_skew"
  | "late_or_replayed"
  | "timestamp_unit"
  | "url_differs"
  | "configuration";

/** Where in the walk the refusal happened. */
export type DiagnosisStep = "receiver" | "request" | "headers" | "signature" | "time" | "body";

/**
 * What is wrong and what to do. Safe to log and to show to the source's owner: no secret, no key, and of a signature that
 * we computed never more than 8 hexadecimal digits. Not for the answer to the sender.
 */
export interface Diagnosis {
  readonly step: DiagnosisStep;
  /** One or two sentences. */
  readonly summary: string;
  /** Short facts, by name. Header values are cut. */
  readonly evidence: Readonly<Record<string, string | number | boolean>>;
  readonly likelyCause: LikelyCause | null;
}

/** A key or certificate that the caller must fetch (through its own guarded egress) and pass in the receiver, then ask again. */
export interface KeyNeed {
  readonly kind: "jwks" | "certificate" | "public_key";
  readonly url: string;
  readonly kid: string | null;
}

/** A genuine request: which key verified it, and what the provider says that it is. */
export interface Verified extends EventIdentity {
  readonly ok: true;
  /** The `version` of the secret (or `kid` of the public key) that verified it, or its place: `v1`, `v2`, … */
  readonly secretVersion: string | null;
  /** The time that the signature covers, where the scheme has one. */
  readonly signedAt: Date | null;
}

/** A refused request. */
export interface Refused {
  readonly ok: false;
  readonly reason: RejectionReason;
  readonly diagnosis: Diagnosis;
}

/** A request that cannot be judged before a key has been fetched. */
export interface KeyNeeded {
  readonly ok: false;
  readonly reason: "key_needed";
  readonly need: KeyNeed;
}

/** What `verify` answers. */
export type Verdict = Verified | KeyNeeded | Refused;
