// The faults whose healing is timed: each strikes, and resolves at the moment from which the time counts.
import { setTimeout as pause } from "node:timers/promises";
import { postmasterPid } from "../../bench/data-folder.mjs";
import { processTree } from "../../bench/processes.mjs";
import { killDatabase } from "../kill-flood/gateway-keeper.mjs";

/** How long a fault lasts that has to be healed by somebody. */
const LASTS_MS = 8_000;

/**
 * @typedef {{ keeper: object, dataDir: string, disk: { ok: boolean, fill?: () => void, free?: () => void, why?: string },
 *   receiver: { setDown: (isDown: boolean) => void } }} Scene
 * @typedef {{ name: string, from: string, strike: (scene: Scene) => Promise<number>, untried?: (scene: Scene) => string | null }} Fault
 *   `strike` resolves with the time since which it is healed, in ms; `untried` says why it cannot be done here
 */

/** @type {readonly Fault[]} */
export const FAULTS = [
  {
    name: "gateway killed (SIGKILL)",
    from: "the kill; the supervisor starts it again at once",
    strike: async ({ keeper }) => {
      const t = Date.now();
      const pid = keeper.kill();
      await keeper.nextSpawn(pid);
      return t;
    },
  },
  {
    name: "database stopped at once (SIGQUIT)",
    from: "the stop",
    strike: async ({ dataDir }) => {
      const t = Date.now();
      process.kill(postmasterPid(dataDir), "SIGQUIT");
      return t;
    },
  },
  {
    name: "database killed (SIGKILL)",
    from: "the kill",
    strike: async ({ dataDir }) => {
      const t = Date.now();
      killDatabase(dataDir);
      return t;
    },
  },
  {
    name: `database frozen for ${LASTS_MS / 1_000} s (SIGSTOP)`,
    from: "SIGCONT",
    strike: async ({ dataDir }) => {
      const pids = processTree(postmasterPid(dataDir));
      signalAll(pids, "SIGSTOP");
      await pause(LASTS_MS);
      signalAll(pids, "SIGCONT");
      return Date.now();
    },
  },
  {
    name: `disk full for ${LASTS_MS / 1_000} s`,
    from: "the first free block",
    untried: ({ disk }) => (disk.ok ? null : disk.why),
    strike: async ({ disk }) => {
      disk.fill();
      await pause(LASTS_MS);
      disk.free();
      return Date.now();
    },
  },
  {
    name: `destination out of service for ${LASTS_MS / 1_000} s`,
    from: "its first good answer being possible",
    strike: async ({ receiver }) => {
      receiver.setDown(true);
      await pause(LASTS_MS);
      receiver.setDown(false);
      return Date.now();
    },
  },
];

function signalAll(pids, signal) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  }
}
