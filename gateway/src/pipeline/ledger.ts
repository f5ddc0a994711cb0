import type { LedgerStep } from "../domain/ledger-step.ts";
import { FIRST_LEDGER_STEP } from "../domain/ledger-step.ts";
import { readLedgerStep } from "../store/events/read-ledger-step.ts";
import type { Queryable } from "../store/statement.ts";

/**
 * What this process believes of the ledger's step. It may be wrong: every insert carries the step, and the database takes
 * none that is not the present one. So nobody has to be told in time.
 */
export interface Ledger {
  step(): LedgerStep;
  /** Reads it for a bucket; true when it has moved. */
  refresh(tx: Queryable, bucket: number): Promise<boolean>;
}

/** Begins with the first step; the first insert that finds another one reads it. */
export function openLedger(): Ledger {
  let step = FIRST_LEDGER_STEP;
  return {
    step: () => step,
    refresh: async (tx, bucket) => {
      const found = (await tx.run(readLedgerStep, [bucket])).rows[0]?.dedupe_step ?? step;
      const hasMoved = found !== step;
      step = found;
      return hasMoved;
    },
  };
}
