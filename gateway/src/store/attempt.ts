import type pg from "pg";
import { isPipelining, oneByOne, together } from "./at-once.ts";
import type { Committed, LateTransaction, Transaction } from "./database.ts";
import type { Queryable } from "./statement.ts";
import { runOn } from "./statement.ts";

/** How far a transaction has come. */
export interface Progress {
  /** COMMIT was sent: from here on a lost connection leaves it open what became of it. */
  committing: boolean;
  /** It took longer than it may, and its connection was destroyed. */
  expired: boolean;
}

/** A transaction, and what has become of what it sent. */
interface Opened {
  readonly tx: LateTransaction;
  /** What statements failed with that nobody waits for. */
  readonly failures: readonly unknown[];
  /** From here on nothing more is sent of what still waits its turn: it would come after the ROLLBACK, as a transaction of its own. */
  fail(error: unknown): Promise<void>;
  /** Everything is answered that was sent without waiting. */
  answered(): Promise<void>;
}

function open(client: pg.PoolClient, begin: string): Opened {
  const sent: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  const isPipelined = isPipelining(client);
  let last: Promise<unknown> = Promise.resolve();
  let begun: Promise<void> | null = null;
  // A connection that is not pipelined takes one statement at a time (pg 9 refuses more), and none once one has failed.
  const ask: Queryable["run"] = (statement, values) => {
    if (begun === null) throw new Error("a statement came before its transaction has begun");
    if (isPipelined) return runOn(client, statement, values);
    const asked = last.then(() => {
      if (failures.length > 0) throw failures[0];
      return runOn(client, statement, values);
    });
    last = asked.catch(() => {});
    return asked;
  };
  const tx: LateTransaction = {
    client,
    // Waited for even on a pipelined connection: should BEGIN fail, what follows would commit statement by statement.
    begin: () => (begun ??= client.query(begin).then(() => {})),
    hasBegun: () => begun !== null,
    run: async (statement, values) => {
      const result = await ask(statement, values);
      if (failures.length > 0) throw failures[0];
      return result;
    },
    send: (statement, values) => {
      if (isPipelined) together(client);
      sent.push(ask(statement, values).catch((error: unknown) => failures.push(error)));
    },
    inOrder: async (steps) => {
      if (!isPipelined) return oneByOne(steps);
      together(client);
      await Promise.all(steps.map((step) => step()));
    },
  };
  const fail = async (error: unknown): Promise<void> => {
    failures.push(error);
    await last;
  };
  return { tx, failures, fail, answered: async () => void (await Promise.all(sent)) };
}

/** Begins before it does the work. */
export function begunBefore<T>(work: (tx: Transaction) => Promise<T>): (tx: LateTransaction) => Promise<T> {
  return async (tx) => {
    await tx.begin();
    return work(tx);
  };
}

/** Does the work and commits, if it has begun. Throws what failed; the caller rolls back. */
export async function attempt<T>(
  client: pg.PoolClient,
  work: (tx: LateTransaction) => Promise<T>,
  progress: Progress,
  begin: string,
): Promise<Committed<T>> {
  const { tx, failures, fail, answered } = open(client, begin);
  let value: T;
  try {
    value = await work(tx);
  } catch (error) {
    await fail(error);
    throw error;
  }
  if (!tx.hasBegun()) return { ok: true, value };
  if (!isPipelining(client)) await answered();
  if (failures.length > 0) throw failures[0];
  progress.committing = true;
  const commit = await client.query("COMMIT");
  await answered();
  if (failures.length > 0) {
    progress.committing = false;
    throw failures[0];
  }
  if (commit.command === "COMMIT") return { ok: true, value };
  return { ok: false, unknown: false, code: null, message: `COMMIT was answered ${commit.command}` };
}
