import { hot } from "../statement.ts";

/** Which generations of the ledger take keys of a bucket: docs in 0006, domain/ledger-step.ts. Parameter: bucket. */
export const readLedgerStep = hot<{ dedupe_step: number }>(
  "read_ledger_step",
  "SELECT b.dedupe_step FROM holdfast.bucket_slot b WHERE b.bucket = $1",
);
