import type { Chunk } from "../provider.ts";
import type { KeyNeeded, Refused } from "../verdict.ts";

/** A request that an engine found genuine. */
export interface Proof {
  readonly ok: true;
  readonly secretVersion: string;
  readonly signedAt: Date | null;
  /** What the signature covers, chunk by chunk, in the spelling that verified; empty where nothing is signed. */
  readonly signed: readonly Chunk[];
}

/** What every engine answers. */
export type Finding = Proof | Refused | KeyNeeded;
