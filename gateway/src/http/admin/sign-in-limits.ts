import type { Clock } from "../../platform/clock.ts";

/** How many failed sign-ins are let through within a quarter of an hour. */
const FAILURES_MAX = {
  /** Of one account from one address. */
  pair: 5,
  /** From one address, whatever the accounts. */
  address: 30,
  /** Of one account, from wherever: high, so that a stranger cannot easily lock somebody out. */
  account: 50,
} as const;
const WINDOW_MS = 15 * 60_000;
/** So many accounts and addresses are remembered; the one that failed longest ago is forgotten first. */
const ENTRIES_MAX = 20_000;

/** Counts failed sign-ins, in this process's memory. */
export interface SignInLimits {
  /** How long this account has to wait from this address, in seconds; 0 when it may try now. */
  waitSec(account: string, address: string): number;
  /** Counts one, before it is known whether it fails. */
  failed(account: string, address: string): void;
  /** Takes back what was counted for it; a success also forgets what this account failed from this address. */
  succeeded(account: string, address: string): void;
}

export function createSignInLimits({ clock }: { readonly clock: Pick<Clock, "monotonicMs"> }): SignInLimits {
  const entries = new Map<string, { count: number; sinceMs: number }>();
  const current = (key: string) => {
    const entry = entries.get(key);
    return entry === undefined || clock.monotonicMs() - entry.sinceMs >= WINDOW_MS ? null : entry;
  };
  return {
    waitSec: (account, address) => {
      const waits = keysOf(account, address).map(([key, max]) => {
        const entry = current(key);
        if (entry === null || entry.count < max) return 0;
        return Math.ceil((entry.sinceMs + WINDOW_MS - clock.monotonicMs()) / 1_000);
      });
      return Math.max(...waits);
    },
    failed: (account, address) => {
      for (const [key] of keysOf(account, address)) {
        const { count, sinceMs } = current(key) ?? { count: 0, sinceMs: clock.monotonicMs() };
        entries.delete(key);
        entries.set(key, { count: count + 1, sinceMs });
      }
      for (const key of entries.keys()) {
        if (entries.size <= ENTRIES_MAX) break;
        entries.delete(key);
      }
    },
    succeeded: (account, address) => {
      entries.delete(`pair ${account} ${address}`);
      // It was counted before it was checked, and was no failure.
      for (const [key] of keysOf(account, address)) {
        const entry = entries.get(key);
        if (entry !== undefined && entry.count > 0) entry.count--;
      }
    },
  };
}

function keysOf(account: string, address: string): readonly (readonly [key: string, max: number])[] {
  return [
    [`pair ${account} ${address}`, FAILURES_MAX.pair],
    [`address ${address}`, FAILURES_MAX.address],
    [`account ${account}`, FAILURES_MAX.account],
  ];
}
