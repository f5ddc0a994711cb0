import type { Clock } from "../../platform/clock.ts";

/** How many failed sign-ins are let through within a quarter of an hour. */
const FAILURES_MAX: FailuresMax = {
  /** Of one account from one address. */
  pair: 5,
  /** From one address, whatever the accounts. */
  address: 30,
  /** Of one account, from wherever: high, so that a stranger cannot easily lock somebody out. */
  account: 50,
};

/** Ways through a provider that one address may begin and not end well: the provider itself counts wrong passwords. */
export const FLOWS_MAX: FailuresMax = { pair: 60, address: 60, account: 60 };

interface FailuresMax {
  readonly pair: number;
  readonly address: number;
  readonly account: number;
}

const WINDOW_MS = 15 * 60_000;
/** So many accounts and addresses are remembered; the one that failed longest ago is forgotten first. */
const ENTRIES_MAX = 20_000;

/** Counts failed sign-ins, in this process's memory. */
export interface SignInLimits {
  /** How long this account has to wait from this address, in seconds; 0 when it may try now. */
  waitSec(account: string, address: string): number;
  /** Counts one, before it is known whether it fails. */
  failed(account: string, address: string): void;
  /** Takes back what was counted for one that was not checked at all. */
  withdrawn(account: string, address: string): void;
  /** Takes back what was counted for it; a success also forgets what this account failed from this address. */
  succeeded(account: string, address: string): void;
}

export function createSignInLimits(
  { clock }: { readonly clock: Pick<Clock, "monotonicMs"> },
  most: FailuresMax = FAILURES_MAX,
): SignInLimits {
  const entries = new Map<string, { count: number; sinceMs: number }>();
  const current = (key: string) => {
    const entry = entries.get(key);
    return entry === undefined || clock.monotonicMs() - entry.sinceMs >= WINDOW_MS ? null : entry;
  };
  const withdraw = (account: string, address: string): void => {
    for (const [key] of keysOf(account, address, most)) {
      const entry = entries.get(key);
      if (entry !== undefined && entry.count > 0) entry.count--;
    }
  };
  return {
    waitSec: (account, address) => {
      const waits = keysOf(account, address, most).map(([key, max]) => {
        const entry = current(key);
        if (entry === null || entry.count < max) return 0;
        return Math.ceil((entry.sinceMs + WINDOW_MS - clock.monotonicMs()) / 1_000);
      });
      return Math.max(...waits);
    },
    failed: (account, address) => {
      for (const [key] of keysOf(account, address, most)) {
        const { count, sinceMs } = current(key) ?? { count: 0, sinceMs: clock.monotonicMs() };
        entries.delete(key);
        entries.set(key, { count: count + 1, sinceMs });
      }
      for (const key of entries.keys()) {
        if (entries.size <= ENTRIES_MAX) break;
        entries.delete(key);
      }
    },
    withdrawn: withdraw,
    succeeded: (account, address) => {
      entries.delete(`pair ${account} ${address}`);
      // It was counted before it was checked, and was no failure.
      withdraw(account, address);
    },
  };
}

function keysOf(account: string, address: string, most: FailuresMax): readonly (readonly [key: string, max: number])[] {
  return [
    [`pair ${account} ${address}`, most.pair],
    [`address ${address}`, most.address],
    [`account ${account}`, most.account],
  ];
}
