import { PLAN_MS, scopesOverlap } from "../domain/replay-scope.ts";
import type { Clock } from "../platform/clock.ts";
import type { Database } from "../store/database.ts";
import { listUnderWay, lockByToken, lockTenant } from "../store/replays/find-replays.ts";
import type { ReplayRow } from "../store/replays/replay-row.ts";
import { startReplay } from "../store/replays/write-replays.ts";
import type { Queryable } from "../store/statement.ts";

export type Started =
  /** `isNew` false: this plan was run before, by this or another call; its answer is the same. */
  | { readonly kind: "running"; readonly replay: ReplayRow; readonly isNew: boolean }
  | { readonly kind: "missing" }
  | { readonly kind: "expired" }
  /** With one that runs, or that was cancelled and is still being taken back. */
  | { readonly kind: "overlapping"; readonly with: ReplayRow }
  | { readonly kind: "failed"; readonly unknown: boolean; readonly message: string };

const DEADLINE_MS = 5_000;

/**
 * Runs the plan that a token is of, once: asked again, also at the same moment, it answers with the same run. Refused while
 * another replay runs, or is being taken back, that could touch the same deliveries; of two that start at once the second waits
 * for the first.
 */
export async function runPlan(
  deps: { readonly db: Database; readonly clock: Clock },
  tenant: string,
  token: string,
  by: string,
): Promise<Started> {
  const done = await deps.db.transaction((tx) => start(deps, tx, tenant, token, by), DEADLINE_MS);
  return done.ok ? done.value : { kind: "failed", unknown: done.unknown, message: done.message };
}

async function start(
  deps: { readonly clock: Clock },
  tx: Queryable,
  tenant: string,
  token: string,
  by: string,
): Promise<Started> {
  await tx.run(lockTenant, [tenant]);
  const plan = (await tx.run(lockByToken, [tenant, token])).rows[0];
  if (plan === undefined) return { kind: "missing" };
  if (plan.state !== "planned") return { kind: "running", replay: plan, isNew: false };
  const now = deps.clock.now();
  if (now.getTime() - plan.planned_at.getTime() > PLAN_MS) return { kind: "expired" };
  const other = (await tx.run(listUnderWay, [tenant])).rows.find((one) => scopesOverlap(one, plan));
  if (other !== undefined) return { kind: "overlapping", with: other };
  const replay = (await tx.run(startReplay, [plan.id, now, by])).rows[0];
  if (replay === undefined) throw new Error("a locked plan did not start");
  return { kind: "running", replay, isNew: true };
}
