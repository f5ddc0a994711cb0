// The fault driver: carries out the plan of faults as the work goes on, and notes what it did and how long the answer took.
import { setTimeout as pause } from "node:timers/promises";
import { postmasterPid } from "../../bench/data-folder.mjs";
import { strikeWorld } from "../nemesis/strike-world.mjs";
import { killDatabase } from "./gateway-keeper.mjs";
import { processTree } from "../../bench/processes.mjs";

const POLL_MS = 10;
const RECOVERY_MAX_MS = 60_000;
const STALL_MAX_MS = 90_000;
/** Shorter than a delivery's deadline: a freeze alone must not make anything come twice. */
const FREEZE_MS = 2_000;

/**
 * Carries out the faults one after the other. Each is armed at its share of the work and struck a random moment later;
 * the next one waits until an event has been acknowledged again.
 *
 * @param {{ keeper: ReturnType<import("./gateway-keeper.mjs").createGatewayKeeper>,
 *   sender: ReturnType<import("./sender.mjs").createSender>, dataDir: string, log: { add: (record: object) => void },
 *   progress: () => Promise<number>, world?: object, upkeep?: ReturnType<import("../nemesis/upkeep.mjs").openUpkeep>, effects?: () => Promise<number> }} deps `progress` is the share of the
 *   work that is done, 0 to 1; the world and the upkeep are needed for their faults only
 * @param {(ReturnType<import("./plan.mjs").planFaults>[number] | import("../nemesis/plan-world.mjs").WorldFault)[]} faults
 */
export async function strikeAll(deps, faults) {
  for (const fault of faults) {
    await untilProgress(deps, fault.atProgress);
    await pause(fault.delayMs);
    await (fault.target === "upkeep"
      ? doUpkeep(deps)
      : fault.forMs === undefined
        ? strike(deps, fault)
        : strikeWorld(deps, fault));
  }
}

async function untilProgress({ progress }, atProgress) {
  let best = -1;
  let since = performance.now();
  for (;;) {
    const reached = await progress();
    if (reached >= atProgress) return;
    if (reached > best) {
      best = reached;
      since = performance.now();
    }
    // What cannot go on by itself is for the check to tell; the rest of the faults come all the same.
    if (performance.now() - since > STALL_MAX_MS) return;
    await pause(POLL_MS);
  }
}

async function doUpkeep(deps) {
  const { keeper, sender, log, upkeep } = deps;
  await Promise.race([upkeep.burst(deps), keeper.failed]);
  const t = now();
  const ack = await Promise.race([sender.nextAck(), keeper.failed, pause(RECOVERY_MAX_MS, null, { ref: false })]);
  if (ack !== null)
    log.add({ kind: "recovered", target: "upkeep", how: "burst", afterMs: Math.round(ack - t), t: ack });
}

async function strike(deps, { target, againMs, how }) {
  if (how !== "SIGKILL") return strikeOtherwise(deps, target, how);
  let killed = await kill(deps, target);
  if (target === "gateway" && againMs !== null) {
    await deps.keeper.nextSpawn(killed.pid);
    await pause(againMs);
    killed = await kill(deps, target);
  }
  await noteRecovery(deps, target, killed);
}

async function strikeOtherwise(deps, target, how) {
  const { keeper, dataDir, log, sender } = deps;
  await Promise.race([keeper.ready(), keeper.failed]);
  const t = now();
  const note = { target, how, during: "service", t };
  if (how === "SIGSTOP") {
    const pid = keeper.pid();
    process.kill(-pid, "SIGSTOP");
    await pause(FREEZE_MS);
    process.kill(-pid, "SIGCONT");
    log.add({ ...note, kind: "frozen" });
  } else if (how === "SIGTERM") {
    const pid = keeper.end();
    log.add({ ...note, kind: "killed" });
    return noteRecovery(deps, target, { pid, t });
  } else {
    const postmaster = postmasterPid(dataDir);
    const [struck] =
      how === "backend"
        ? processTree(postmaster)
            .filter((pid) => pid !== postmaster)
            .slice(-1)
        : [postmaster];
    process.kill(struck, how === "backend" ? "SIGKILL" : "SIGQUIT");
    log.add({ ...note, kind: "killed" });
    if (how === "SIGQUIT") return noteRecovery(deps, target, { pid: postmaster, t });
  }
  const ack = await Promise.race([sender.nextAck(), keeper.failed, pause(RECOVERY_MAX_MS, null)]);
  if (ack !== null) log.add({ kind: "recovered", target, afterMs: Math.round(ack - t), t: ack });
  return undefined;
}

async function kill({ keeper, dataDir, log }, target) {
  for (;;) {
    const during = keeper.isReady() ? "service" : "start";
    const pid = target === "gateway" ? keeper.kill() : killDatabase(dataDir);
    if (pid !== null) {
      log.add({ kind: "killed", target, during, t: now() });
      return { pid, t: now() };
    }
    await Promise.race([pause(POLL_MS), keeper.failed]);
  }
}

async function noteRecovery({ sender, keeper, dataDir, log }, target, killed) {
  const timeout = new AbortController();
  const late = pause(RECOVERY_MAX_MS, null, { signal: timeout.signal }).catch(() => null);
  // Answers that were on their way when the fault struck are not yet the recovery.
  const successor =
    target === "gateway" ? keeper.nextSpawn(killed.pid) : anotherPostmaster(dataDir, killed.pid, timeout.signal);
  await Promise.race([successor, keeper.failed, late]);
  const ack = await Promise.race([sender.nextAck(), keeper.failed, late]);
  timeout.abort();
  if (ack !== null) log.add({ kind: "recovered", target, afterMs: Math.round(ack - killed.t), t: ack });
}

async function anotherPostmaster(dataDir, pid, signal) {
  while (!signal.aborted && [null, pid].includes(postmasterPid(dataDir))) await pause(POLL_MS);
}

const now = () => performance.timeOrigin + performance.now();
