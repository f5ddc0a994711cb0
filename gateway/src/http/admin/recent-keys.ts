import { hashApiKey } from "../../domain/api-key.ts";
import type { Clock } from "../../platform/clock.ts";

/** Prometheus asks every minute or oftener; whom nobody could look up for so long has to wait for the database. */
const KEPT_MS = 5 * 60_000;
const KEYS_MAX = 16;

/** The API keys that were good a moment ago, by their hashes, in this process's memory. */
export interface RecentKeys {
  /** The database has just said that this key is good. */
  note(key: string): void;
  /** The database has just said that it is not. */
  forget(key: string): void;
  /** Whether it said so within the last five minutes. */
  has(key: string): boolean;
}

export function createRecentKeys({ clock }: { readonly clock: Pick<Clock, "monotonicMs"> }): RecentKeys {
  const goodAtMs = new Map<string, number>();
  return {
    note: (key) => {
      const sha256 = hash(key);
      goodAtMs.delete(sha256);
      goodAtMs.set(sha256, clock.monotonicMs());
      for (const oldest of goodAtMs.keys()) {
        if (goodAtMs.size <= KEYS_MAX) break;
        goodAtMs.delete(oldest);
      }
    },
    forget: (key) => void goodAtMs.delete(hash(key)),
    has: (key) => {
      const atMs = goodAtMs.get(hash(key));
      return atMs !== undefined && clock.monotonicMs() - atMs < KEPT_MS;
    },
  };
}

function hash(key: string): string {
  return hashApiKey(key).toString("base64");
}
