import type { PrunerDeps } from "../../src/engine/caretakers/prune.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createRandom } from "../../src/platform/random.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { Desk } from "./delivery-gateway.ts";
import { openDesk, startDeliveries } from "./delivery-gateway.ts";
import { startReceiver } from "./receiver.ts";
import { tryOnce } from "./recorded-events.ts";

export const DAY_MS = 86_400_000;
export const KEPT = { eventDays: 30, attemptDays: 20, rejectionDays: 10, dedupeDays: 90 };
// Of another name than the caretakers', for which a gateway of the test stands too.
export const TERM = { name: "pruner", holder: "0196c0de-0000-7000-8000-00000000000a", epoch: 1 };

/** A pruner that runs when a test says so. */
export interface Pruner {
  readonly deps: PrunerDeps;
  readonly logged: Record<string, unknown>[];
  leads: boolean;
}

/** One who leads, until the test says otherwise. */
export async function openPruner(desk: Desk): Promise<Pruner> {
  await desk.query(
    "insert into holdfast.leadership (name, holder, epoch, lease_until) values ($1, $2, 1, now() + interval '1 hour')",
    [TERM.name, TERM.holder],
  );
  const logged: Record<string, unknown>[] = [];
  const write = (fields: Readonly<Record<string, unknown>>): void => void logged.push({ ...fields });
  const log = { debug: write, info: write, warn: write, error: write };
  const pruner: Pruner = {
    deps: {
      db: desk.db,
      leader: { current: () => (pruner.leads ? TERM : null) },
      clock: systemClock,
      log,
      metrics: createMetrics("test"),
      random: createRandom(),
    },
    logged,
    leads: true,
  };
  return pruner;
}

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll("-", "");

/** A desk with the destination `billing`, which nobody delivers to, and with the days around these moments. */
export async function openQuietDesk(moments: readonly number[]): Promise<Desk> {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const { gateway } = await startDeliveries(desk, { destinations: { billing: { url: `${receiver.url}/billing` } } });
  await gateway.drain();
  for (const ms of moments) await ensurePartitions(desk.db, ms, 1);
  return desk;
}

const DIES = { to: "dead", reason: "refused", disableDestination: false } as const;
export const die = (desk: Desk, id: string): Promise<void> =>
  tryOnce(desk.db, id, { kind: "answered", status: 400, retryAfterMs: null }, DIES);

export const process = (desk: Desk, id: string): Promise<void> =>
  tryOnce(desk.db, id, { kind: "answered", status: 200, retryAfterMs: null }, { to: "processed" });

/** The days that an event of this moment lies in, with what hangs on it. */
export const threeOf = (ms: number): string[] =>
  ["event", "duplicate", "finished_delivery"].map((table) => `${table}_p${dayOf(ms)}`);
