/** Which of the verification engines a provider uses. */
export type EngineName = "hmac-template" | "url-params" | "public-key" | "static-token";

/** A kind of sender, as documentation and as switches for the door. One row of `docs/providers.md`. */
export interface Provider {
  readonly slug: string;
  readonly name: string;
  readonly engine: EngineName;
  /** Lower case. A request that carries one of these twice is refused, by the door and by `verify`. */
  readonly securityHeaders: readonly string[];
  /** Lower case. Headers that carry the secret itself: redact them before anything is kept. */
  readonly secretHeaders: readonly string[];
  /** `signed`: the event id is inside what is signed. `unsigned`: it is beside it. `none`: the provider has no event id. */
  readonly identity: "signed" | "unsigned" | "none";
  /** True where the provider sends compressed bodies and the door must let `Content-Encoding` pass. */
  readonly encodedBodies: boolean;
  /** Default for both directions, in seconds; null where the scheme has no enforced time. */
  readonly toleranceSec: number | null;
  /** True where `answerHandshake` may answer. */
  readonly handshake: boolean;
  /** True where the URL is part of what is signed. */
  readonly signsUrl: boolean;
  /** The fields of the receiver configuration without which nothing verifies. */
  readonly receiverFields: readonly string[];
  /** What is signed, in the provider's terms: `{timestamp}.{body}`. */
  readonly signedContent: string;
  /** Where the event id is, and whether it stays the same over retries. */
  readonly eventIdFrom: string;
  /** What events are deduplicated by. */
  readonly dedupeKey: string;
  /** What the signature does not cover. */
  readonly notCovered: string;
  /** What the handshake is, or why there is none. */
  readonly handshakeNote: string;
  /** Anything else that a user must know. */
  readonly notes: string;
  readonly source: readonly string[];
  readonly confidence: "high" | "medium" | "low";
}
