import type { Transaction } from "./database.ts";

/** What became of a part of a transaction: done, or as if it had never been. */
export type Part = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

/**
 * Does a part of a transaction so that its failure takes back that part alone, and what was locked before stays locked. On a
 * connection that is not pipelined. Throws where the part cannot be taken back, which is so when the connection is lost.
 */
export async function attemptPart(tx: Transaction, work: () => Promise<void>): Promise<Part> {
  await tx.client.query("SAVEPOINT part");
  try {
    await work();
    await tx.client.query("RELEASE SAVEPOINT part");
    return { ok: true };
  } catch (error) {
    await tx.client.query("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part").catch(() => {
      throw error;
    });
    return { ok: false, error };
  }
}
