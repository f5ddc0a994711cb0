import type { Clock } from "../platform/clock.ts";
import type { Database } from "../store/database.ts";
import { reopenMany, withdrawUntried } from "../store/dead-letters/handle.ts";
import { findReplay, lockCancelled } from "../store/replays/find-replays.ts";
import { listWithdrawable, withdrawItems } from "../store/replays/items.ts";
import type { ReplayRow } from "../store/replays/replay-row.ts";
import { cancelReplay } from "../store/replays/write-replays.ts";

export type Cancelled =
  | { readonly kind: "cancelled"; readonly replay: ReplayRow }
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly message: string };

/**
 * Stops a running replay: nothing more is queued, and what it queued and nobody has tried is taken back, so that dead letters
 * are open again. What was tried already goes on as any delivery does. Cancelled twice, it is cancelled.
 */
export async function stopReplay(
  deps: { readonly db: Database; readonly clock: Clock },
  tenant: string,
  id: string,
  by: string,
): Promise<Cancelled> {
  const stopped = (await deps.db.run(cancelReplay, [tenant, id, deps.clock.now(), by])).rows[0];
  if (stopped !== undefined) return { kind: "cancelled", replay: stopped };
  const found = (await deps.db.run(findReplay, [tenant, id])).rows[0];
  if (found === undefined) return { kind: "missing" };
  if (found.state === "cancelled") return { kind: "cancelled", replay: found };
  const message =
    found.state === "planned" ? "It was planned and never run, so there is nothing to stop." : "It has ended.";
  return { kind: "refused", message };
}

const BATCH = 500;
const DEADLINE_MS = 10_000;

/**
 * Takes back the deliveries of a cancelled replay that nobody has tried, batch by batch. Events that rejections have become
 * are events now: their deliveries stay.
 */
export async function withdrawUntouched(deps: { readonly db: Database }, id: string): Promise<void> {
  for (;;) {
    const done = await deps.db.transaction(async (tx) => {
      const run = (await tx.run(lockCancelled, [id])).rows[0];
      if (run === undefined || run.subject !== "events") return 0;
      const found = (await tx.run(listWithdrawable, [id, BATCH])).rows;
      if (found.length === 0) return 0;
      const taken = await tx.run(withdrawUntried, [
        run.tenant,
        found.map(({ bucket }) => bucket),
        found.map((row) => row.delivery_id),
      ]);
      const followed = taken.rows.filter((row) => row.retry_of !== null);
      const reopened = await tx.run(reopenMany, [
        followed.map(({ bucket }) => bucket),
        followed.map((row) => row.retry_of),
        followed.map((row) => row.id),
      ]);
      if (reopened.rowCount !== followed.length)
        throw new Error("a delivery was taken back whose dead letter is not there");
      await tx.run(withdrawItems, [
        taken.rows.map(({ bucket }) => bucket),
        taken.rows.map((row) => row.event_id),
        taken.rows.map((row) => row.id),
      ]);
      return found.length === BATCH ? taken.rows.length : 0;
    }, DEADLINE_MS);
    if (!done.ok) throw new Error(`a cancelled replay could not be taken back: ${done.message}`);
    if (done.value === 0) return;
  }
}
