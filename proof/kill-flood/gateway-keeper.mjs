// What keeps the gateway running, as systemd would: starts it, starts it again whenever it ends, and kills it on demand.
import { setTimeout as pause } from "node:timers/promises";
import { postmasterPid } from "../../bench/data-folder.mjs";
import { processTree } from "../../bench/processes.mjs";
import { killGroup, startGateway } from "../../bench/start-process.mjs";

const RESTART_PAUSE_MS = 100;
const FAILED_STARTS_MAX = 8;

/**
 * @param {{ configFile: string, dataDir: string, logFile: string, port: number, adminPort: number,
 *   onEnded: (end: { code: number | null, signal: string | null }) => void }} options
 *   `onEnded` hears of each end that nobody asked for
 */
export function createGatewayKeeper({ onEnded, ...how }) {
  const state = {
    how,
    onEnded,
    child: null,
    gateway: null,
    isKeeping: true,
    isKilling: false,
    held: null,
    loop: null,
    fail: null,
    readyWaiters: [],
  };
  const failed = new Promise((_, reject) => {
    state.fail = reject;
  });
  failed.catch(() => {});
  state.loop = keep(state);
  return {
    /** Rejects when the gateway does not start any more. */
    failed,
    pid: () => state.child?.pid ?? null,
    /** Resolves with its ready line once it serves. */
    ready: () =>
      state.gateway ? Promise.resolve(state.gateway.ready) : new Promise((resolve) => state.readyWaiters.push(resolve)),
    isReady: () => state.gateway !== null,
    /** SIGKILL to the gateway's process group. Returns its id, or null when there was none to kill. */
    kill: () => kill(state),
    /** SIGKILL, and nothing starts it again until `release`. */
    hold: () => hold(state),
    release: () => state.held?.release(),
    /** SIGTERM to the gateway, which is started again when it has drained. Returns its id. */
    end: () => {
      state.isKilling = true;
      process.kill(state.child.pid, "SIGTERM");
      return state.child.pid;
    },
    /** Resolves when there is another gateway process than that one, ready or not. */
    nextSpawn: (notPid) => nextSpawn(state, notPid),
    /** SIGTERM, and nothing starts it again. */
    stop: () => stop(state),
  };
}

async function keep(state) {
  let failures = 0;
  while (state.isKeeping) {
    await state.held?.released;
    try {
      const gateway = await startGateway({
        ...state.how,
        onSpawn: (child) => {
          state.child = child;
          state.isKilling = false;
        },
      });
      failures = 0;
      state.gateway = gateway;
      for (const resolve of state.readyWaiters.splice(0)) resolve(gateway.ready);
      const end = await gateway.ended;
      if (state.isKeeping && !state.isKilling) state.onEnded(end);
    } catch (error) {
      // One killed while it started is what the run is about; one that cannot start is not.
      if (!state.isKilling && state.isKeeping) {
        state.onEnded({ code: null, signal: null });
        failures++;
      }
      if (failures >= FAILED_STARTS_MAX) return state.fail(error);
    }
    state.gateway = null;
    state.child = null;
    await pause(RESTART_PAUSE_MS);
  }
  return undefined;
}

function kill(state) {
  if (state.child === null || state.isKilling) return null;
  state.isKilling = true;
  killGroup(state.child.pid);
  return state.child.pid;
}

function hold(state) {
  const held = { release: null, released: null };
  held.released = new Promise((resolve) => {
    held.release = () => {
      state.held = null;
      resolve();
    };
  });
  state.held = held;
  kill(state);
}

async function nextSpawn(state, notPid) {
  while (state.child === null || state.child.pid === notPid) await pause(5);
}

async function stop(state) {
  state.isKeeping = false;
  const end = state.gateway === null ? null : await state.gateway.stop();
  if (state.gateway === null && state.child !== null) killGroup(state.child.pid);
  await state.loop;
  return end;
}

/**
 * SIGKILL to the database's postmaster and everything below it. Returns the postmaster's id, or null when there was none.
 *
 * @param {string} dataDir
 */
export function killDatabase(dataDir) {
  const postmaster = postmasterPid(dataDir);
  if (postmaster === null) return null;
  for (const pid of processTree(postmaster)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  }
  return postmaster;
}
