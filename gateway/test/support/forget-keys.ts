import type { Database } from "../../src/store/database.ts";
import {
  dropGeneration,
  makeGeneration,
  moveLedger,
  openGeneration,
} from "../../src/store/upkeep/ledger-generations.ts";

/** Turns the ledger to its second generation, as if that had been opened at this moment, and forgets the first with all of its keys. */
export async function forgetKeys(db: Database, openedAt: Date): Promise<void> {
  await makeGeneration(db, 2);
  const turned = await db.transaction(async (tx) => {
    await tx.run(moveLedger, [2]);
    await tx.run(openGeneration, [2, openedAt.toISOString()]);
    await tx.run(moveLedger, [3]);
    await dropGeneration(tx, 1);
  }, 10_000);
  if (!turned.ok) throw new Error(turned.message);
}
