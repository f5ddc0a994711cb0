import type { RunState } from "../domain/reconciliation.ts";
import { sumReport } from "../domain/reconciliation.ts";
import { countEntries, dropMatched } from "../store/reconciliations/entries.ts";
import { finishRun } from "../store/reconciliations/runs.ts";
import type { Queryable } from "../store/statement.ts";

/** Writes a run's end and its sums. What matched needs no row any more. */
export async function closeRun(
  tx: Queryable,
  end: {
    readonly id: string;
    /** Null: a cancellation, which needs none. */
    readonly lease: string | null;
    readonly state: Extract<RunState, "completed" | "failed" | "cancelled">;
    readonly detail: string | null;
    readonly now: Date;
  },
): Promise<ReturnType<typeof sumReport> & { readonly isClosed: boolean }> {
  const counts = Object.fromEntries((await tx.run(countEntries, [end.id])).rows.map((row) => [row.state, row.count]));
  const report = sumReport(counts);
  const { listed, matched, missing, recovered, deadHere, unknownToProvider, unexplained } = report;
  const sums = [listed, matched, missing, recovered, deadHere, unknownToProvider, unexplained];
  const closed = await tx.run(finishRun, [end.id, end.lease, end.state, end.detail, end.now, ...sums]);
  if (closed.rowCount === 1) await tx.run(dropMatched, [end.id]);
  return { ...report, isClosed: closed.rowCount === 1 };
}
