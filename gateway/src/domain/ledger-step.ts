/**
 * Where the ledger of keys stands: 2g while generation g takes new keys, 2g + 1 while g and g + 1 both do. It only grows.
 */
export type LedgerStep = number;

/** The step of a new database: generation 1 takes keys. */
export const FIRST_LEDGER_STEP: LedgerStep = 2;

/** The generations that a new key is written to, the oldest first. */
export function generationsOf(step: LedgerStep): readonly number[] {
  const gen = Math.floor(step / 2);
  return step % 2 === 0 ? [gen] : [gen, gen + 1];
}
