// The world around the gateway, made to fail: its database runs by itself, on a disk of the run's own where there may be one,
// and it reaches database and destination through proxies only.
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { processTree } from "../../bench/processes.mjs";
import { killGroup, startProcess } from "../../bench/start-process.mjs";
import { openDisk } from "./disk.mjs";
import { startProxy } from "./tcp-proxy.mjs";
import { openWallClock } from "./wall-clock.mjs";

const DATABASE = fileURLToPath(new URL("./database-process.mjs", import.meta.url));

/**
 * @param {{ folder: string, receiverUrl: string }} run
 */
export async function openWorld({ folder, receiverUrl }) {
  const disk = openDisk(folder);
  const root = disk.ok ? disk.path : join(folder, "disk");
  mkdirSync(join(root, "gateway"), { recursive: true });
  const dataDir = join(root, "data");
  const world = { folder, dataDir, disk, clock: openWallClock(folder), receiverUrl, database: null };
  world.database = await startDatabase(world);
  const inner = new URL(world.database.ready.url);
  const socket = join(inner.searchParams.get("host") ?? "", `.s.PGSQL.${inner.port || 5432}`);
  world.databaseWire = await startProxy({ path: socket });
  const receiver = new URL(receiverUrl);
  world.destinationWire = await startProxy({ host: receiver.hostname, port: Number(receiver.port) });
  const database = new URL(inner);
  database.searchParams.delete("host");
  database.host = `127.0.0.1:${world.databaseWire.port}`;
  return {
    dataDir,
    gatewayDir: join(root, "gateway"),
    databaseUrl: database.href,
    /** Past the proxy. */
    straightUrl: inner.href,
    destinationUrl: `http://127.0.0.1:${world.destinationWire.port}/`,
    /** For the gateway: the clock that can be put forward and back. */
    env: world.clock.ok ? world.clock.env : {},
    /** Why nothing can strike the disk here; null where it has one of its own. */
    whyNoDisk: disk.ok ? null : disk.why,
    /** Strikes; resolves with how to heal it, or says why it cannot strike here. */
    strike: (fault, keeper) => strike(world, fault, keeper),
    /** Ends the database as its operator would. */
    stopDatabase: () => world.database.stop(),
    close: () => close(world),
  };
}

const startDatabase = ({ folder, dataDir }) =>
  startProcess({ args: [DATABASE, dataDir], logFile: join(folder, "database.log") });

/**
 * @param {object} world
 * @param {import("./plan-world.mjs").WorldFault} fault
 * @returns {Promise<{ ok: true, heal: () => Promise<void> } | { ok: false, why: string }>}
 */
async function strike(world, fault, keeper) {
  if (fault.target === "database wire") return strikeWire(world.databaseWire, fault);
  if (fault.target === "destination wire") return strikeWire(world.destinationWire, fault);
  if (fault.target === "destination") {
    await behave(world, fault.how);
    return { ok: true, heal: () => behave(world, "honest") };
  }
  if (fault.target === "clock") {
    if (!world.clock.ok) return world.clock;
    world.clock.jumpTo(fault.how === "back" ? -fault.jumpSec : fault.jumpSec);
    return { ok: true, heal: async () => world.clock.jumpTo(0) };
  }
  if (!world.disk.ok) return world.disk;
  if (fault.how === "power") return cutPower(world, keeper);
  world.disk.fill();
  return { ok: true, heal: async () => world.disk.free() };
}

function strikeWire(wire, { how, bytes, lagMs }) {
  wire.strike(how, { bytes, delayMs: lagMs });
  return { ok: true, heal: async () => wire.heal() };
}

async function behave({ receiverUrl }, how) {
  await fetch(receiverUrl, { method: "PUT", body: how });
}

// First the disk is gone, then everybody who could still have written to it: whatever was acknowledged up to that moment counts.
async function cutPower(world, keeper) {
  world.disk.cutPower();
  keeper.hold();
  killGroup(world.database.pid);
  killServer(world.dataDir);
  await world.database.ended;
  return {
    ok: true,
    heal: async () => {
      await world.disk.restorePower();
      world.database = await startDatabase(world);
      keeper.release();
    },
  };
}

// Found by its command line: on a disk without power its own file of the process id cannot be read any more.
function killServer(dataDir) {
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (!readFileSync(`/proc/${name}/cmdline`, "utf8").includes(`\0-D\0${dataDir}/postgres\0`)) continue;
      for (const pid of processTree(Number(name))) process.kill(pid, "SIGKILL");
    } catch (error) {
      if (error.code !== "ESRCH" && error.code !== "ENOENT") throw error;
    }
  }
}

async function close(world) {
  await world.databaseWire.close();
  await world.destinationWire.close();
  await world.database.stop();
  killServer(world.dataDir);
  if (world.disk.ok) await world.disk.close();
}
