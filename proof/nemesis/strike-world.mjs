// One fault of the world: struck, healed after its time, and the answer waited for. Everything goes into the log of faults.
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 10;
const RECOVERY_MAX_MS = 60_000;

/**
 * @param {{ keeper: object, sender: object, log: { add: (record: object) => void }, world: object,
 *   effects: () => Promise<number> }} deps `effects` is how often the receiver has acted so far
 * @param {import("./plan-world.mjs").WorldFault} fault
 */
export async function strikeWorld(deps, fault) {
  const { keeper, log, world } = deps;
  await Promise.race([keeper.ready(), keeper.failed]);
  const { target, how, forMs, bytes, lagMs, jumpSec } = fault;
  const struck = await world.strike(fault, keeper);
  if (!struck.ok) return log.add({ kind: "skipped", target, how, why: struck.why, t: now() });
  log.add({ kind: "struck", target, how, forMs, bytes, lagMs, jumpSec, t: now() });
  await pause(forMs);
  const before = await deps.effects();
  const t = now();
  await struck.heal();
  log.add({ kind: "healed", target, how, t });
  const isBack = target.startsWith("destination") ? untilEffect(deps, before) : deps.sender.nextAck();
  const back = await Promise.race([isBack, keeper.failed, pause(RECOVERY_MAX_MS, null, { ref: false })]);
  if (back !== null) log.add({ kind: "recovered", target, how, afterMs: Math.round(back - t), t: back });
  return undefined;
}

// When nothing waits for the destination there is nothing to see: the run goes on.
async function untilEffect({ effects }, before) {
  const until = performance.now() + RECOVERY_MAX_MS;
  while (performance.now() < until) {
    if ((await effects()) > before) return now();
    await pause(POLL_MS);
  }
  return null;
}

const now = () => performance.timeOrigin + performance.now();
