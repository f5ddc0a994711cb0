/**
 * What the provider says that an event is. Everything here was covered by the signature unless the provider's notes say otherwise.
 * A verdict reads it from the request when one of these is first asked for: leave the body as it is until then.
 */
export interface EventIdentity {
  /** The provider's id as readable text (at most 512 bytes, no control characters), or null where there is no usable one. */
  readonly eventId: string | null;
  /**
   * The dedupe key, as bytes: `id:` and the id in UTF-8, `number:` and the digits of a JSON number as they stood, or
   * `sha256:` and the hexadecimal hash of the signed content where the provider gives no usable id, or of the id and its scope
   * where it is unique within one only. At most 520 bytes.
   */
  readonly eventKey: Uint8Array;
  /**
   * `content:` and the hexadecimal SHA-256 of the signed content without the parts that change from attempt to attempt, where
   * the id is outside the signature: a captured request sent again under a fresh id has the same content key. Null where
   * the id is signed, where nothing is, and where two events may be signed in the same words. Its prefix is its own, so that
   * it never meets an event key of the same event.
   */
  readonly contentKey: Uint8Array | null;
  readonly eventType: string | null;
  readonly occurredAt: Date | null;
  readonly payloadVersion: string | null;
}
