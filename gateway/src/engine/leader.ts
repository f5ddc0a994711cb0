import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Committed, Database, Transaction } from "../store/database.ts";
import { confirmLead, readLead, resignLead, takeLead } from "../store/processes/leadership.ts";
import type { Loop } from "./loop.ts";
import { startLoop } from "./loop.ts";

/** The name under which the caretakers' one doer is chosen. */
export const CARETAKERS = "caretakers";

/** A time in which one process leads. Whoever leads later has a larger epoch. */
export interface Term {
  readonly name: string;
  /** The leading process's id. */
  readonly holder: string;
  readonly epoch: number;
}

export interface Leader {
  /** This process's own term while its lease holds, by a clock that also counts time in which it stood still (but not a suspend of the machine); else null. */
  current(): Term | null;
}

export interface Candidacy extends Leader {
  /** Stops trying and gives the lead up, so that another takes over at once. */
  stop(): Promise<void>;
}

/** Longer than the longest transaction under a term, so that a leader which only waits for one keeps its lease. */
export const LEAD_MS = 10_000;

/**
 * Tries to lead, and goes on leading, until it is stopped. The first try is waited for, so a process that is alone leads
 * from the start. Correctness does not rest on the lease alone: {@link underTerm} lets no work of an older epoch commit.
 *
 * @param options.leadMs how long a lease is; it is renewed three times as often
 */
export async function startCandidacy(
  deps: { readonly db: Database; readonly clock: Clock; readonly log: Log },
  options: { readonly name: string; readonly holder: string; readonly leadMs: number },
): Promise<Candidacy> {
  const { name, holder, leadMs } = options;
  let held: { readonly term: Term; readonly endsMs: number } | null = null;
  let isTold = false;
  const current = (): Term | null => (held !== null && deps.clock.monotonicMs() < held.endsMs ? held.term : null);
  const campaign = async (): Promise<void> => {
    // Reckoned from before it is sent, so this process stops before the lease ends that the database has written. Only where the
    // database's clock goes back by more than a lease is another let in at once, and for up to a third of one this process
    // believes in its own too: what it does then does not commit.
    const endsMs = deps.clock.monotonicMs() + leadMs;
    const row = (await deps.db.run(takeLead, [name, holder, leadMs / 1_000])).rows[0];
    if (row === undefined) {
      if (held !== null) deps.log.warn({ epoch: held.term.epoch }, "another process leads now");
      held = null;
      if (!isTold) await tellWhoLeads(deps, name);
      isTold = true;
      return;
    }
    isTold = false;
    if (held?.term.epoch !== row.epoch) deps.log.info({ epoch: row.epoch }, "this process leads the caretakers");
    held = { term: { name, holder, epoch: row.epoch }, endsMs };
  };
  await campaign();
  const loop: Loop = startLoop({ name: "leader", log: deps.log, idleMs: leadMs / 3 }, async () => {
    await campaign();
    return false;
  });
  return {
    current,
    stop: async () => {
      await loop.stop();
      const term = held?.term;
      held = null;
      if (term === undefined) return;
      await deps.db
        .run(resignLead, [name, holder, term.epoch])
        .catch((error: unknown) => deps.log.debug({ error: messageOf(error) }, "the lead ends with its lease"));
    },
  };
}

// Where it is asked why nobody leads, this says whose lease it is that everybody waits for.
async function tellWhoLeads({ db, log }: { readonly db: Database; readonly log: Log }, name: string): Promise<void> {
  const { holder, lease_until: until } = (await db.run(readLead, [name])).rows[0] ?? {};
  log.info({ process: holder, until }, "another process leads until then, and longer if it renews its lease");
}

/**
 * Runs a transaction that commits under this term or not at all; `deposed` when the term had ended, and nothing was done.
 * Keep it short: a renewal of the lease waits for it too.
 */
export async function underTerm<T>(
  db: Database,
  term: Term,
  work: (tx: Transaction) => Promise<T>,
  deadlineMs: number,
): Promise<Committed<T> | { readonly ok: false; readonly deposed: true }> {
  const done = await db.transaction(async (tx) => {
    const stands = (await tx.run(confirmLead, [term.name, term.holder, term.epoch])).rowCount === 1;
    return stands ? { value: await work(tx) } : null;
  }, deadlineMs);
  if (!done.ok) return done;
  return done.value === null ? { ok: false, deposed: true } : { ok: true, value: done.value.value };
}
