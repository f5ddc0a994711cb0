import type { Clock } from "../clock.ts";
import type { HostLookup, LookupAnswer } from "./look-up-host.ts";

/** Names that are remembered at once; the oldest is forgotten first. */
const NAMES_MAX = 1_000;

/** What an address book works with. */
export interface AddressBookParts {
  lookup: HostLookup;
  clock: Clock;
  lookupTimeoutMs: number;
  /** How long an answer serves further posts to the same name. 0 asks each time. */
  addressesKeptMs: number;
}

/** Finds the addresses of names, asking once for posts that come together. */
export interface AddressBook {
  find(host: string): Promise<LookupAnswer>;
  /** Gives up what is being looked up. */
  close(): void;
}

/**
 * A lookup with a deadline, shared by concurrent posts to one name and kept for a few seconds: a busy destination would
 * otherwise cost two DNS queries a delivery. Keeping an answer opens no hole, because exactly the addresses that were vetted
 * are dialled, and each post vets them again.
 */
export function createAddressBook(parts: AddressBookParts): AddressBook {
  const entries = new Map<string, { answer: Promise<LookupAnswer>; until: number }>();
  const running = new Set<AbortController>();
  return {
    find(host) {
      const entry = entries.get(host);
      if (entry !== undefined && parts.clock.monotonicMs() < entry.until) return entry.answer;
      const answer = lookUp(parts, host, running);
      const fresh = { answer, until: Number.POSITIVE_INFINITY };
      entries.delete(host);
      entries.set(host, fresh);
      for (const name of entries.keys()) if (entries.size > NAMES_MAX) entries.delete(name);
      void forgetWhenStale(parts, answer, fresh, () => entries.get(host) === fresh && entries.delete(host));
      return answer;
    },
    close() {
      for (const givenUp of running) givenUp.abort();
    },
  };
}

async function forgetWhenStale(
  parts: AddressBookParts,
  answer: Promise<LookupAnswer>,
  entry: { until: number },
  forget: () => void,
): Promise<void> {
  const found = await answer;
  entry.until = parts.clock.monotonicMs() + parts.addressesKeptMs;
  if (!found.ok || parts.addressesKeptMs === 0) forget();
}

async function lookUp(parts: AddressBookParts, host: string, running: Set<AbortController>): Promise<LookupAnswer> {
  const givenUp = new AbortController();
  running.add(givenUp);
  const timer = setTimeout(() => givenUp.abort(), parts.lookupTimeoutMs);
  const tooLate = new Promise<LookupAnswer>((resolve) => {
    const detail = `DNS gave no answer within ${parts.lookupTimeoutMs} ms`;
    givenUp.signal.addEventListener("abort", () => resolve({ ok: false, detail }), { once: true });
  });
  try {
    return await Promise.race([parts.lookup(host, givenUp.signal), tooLate]);
  } catch (error) {
    return {
      ok: false,
      detail: `DNS lookup failed: ${error instanceof Error ? error.message : "unknown error"}`.slice(0, 200),
    };
  } finally {
    clearTimeout(timer);
    running.delete(givenUp);
  }
}
