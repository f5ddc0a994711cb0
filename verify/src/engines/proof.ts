import type { Chunk } from "../provider.ts";
import type { KeyNeeded, Refused } from "../verdict.ts";

/** A request that an engine found genuine. */
export interface Proof {
  readonly ok: true;
  /** Null where no secret or named key of the receiver is behind it. */
  readonly secretVersion: string | null;
  readonly signedAt: Date | null;
  /** What the signature covers, chunk by chunk, in the spelling that verified; empty where nothing is signed. */
  readonly signed: readonly Chunk[];
  /** The document inside a signed token, where the provider sends its event there and not as the body. */
  readonly payload?: Uint8Array;
}

/** What every engine answers. */
export type Finding = Proof | Refused | KeyNeeded;
