import type { Ranks } from "../domain/fair-queue.ts";
import { heldLane, retryLane } from "../domain/lane.ts";
import type { Transaction } from "../store/database.ts";
import { findDue } from "../store/deliveries/find-due.ts";
import { stageDue } from "../store/deliveries/stage-due.ts";

export interface StageDeps {
  readonly ranks: Ranks;
  /** Why a destination takes nothing now, or null when it does. */
  readonly heldReasonOf: (destinationId: string) => string | null;
}

/**
 * Queues the retries whose wait is over, each lane's in a lane of their own: after an outage, a destination's thousand retries
 * that are due at once wait behind themselves.
 *
 * @param now database time
 * @returns how many
 */
export async function stage(deps: StageDeps, tx: Transaction, now: Date, limit: number): Promise<number> {
  const due = (await tx.run(findDue, [now.toISOString(), limit])).rows;
  if (due.length === 0) return 0;
  const held = due.map((row) => deps.heldReasonOf(row.destination_id));
  const staged = await tx.run(stageDue, [
    due.map((row) => row.bucket),
    due.map((row) => row.id),
    held.map((reason) => (reason === null ? "ready" : "held")),
    held,
    due.map((row, i) => {
      const lane = retryLane(row.lane);
      return deps.ranks.next(row.priority, held[i] === null ? lane : heldLane(row.destination_id, lane));
    }),
    now.toISOString(),
  ]);
  if (staged.rowCount !== due.length) throw new Error("a locked delivery was not staged");
  return due.length;
}
