/** Headers as Node's list of pairs, or as a record (any letter case, arrays for repeated headers). */
export type HeaderList =
  | readonly (readonly [string, string])[]
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** One HTTP request as it came. */
export interface WebhookRequest {
  readonly method: string;
  /** Absolute, as the provider addressed it; or the path and query alone when the receiver names the public URL. */
  readonly url: string;
  readonly headers: HeaderList;
  /** The bytes that came, neither decoded nor parsed. */
  readonly body: Uint8Array;
}
