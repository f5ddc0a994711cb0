// Memory over time, from outside: resident memory of the gateway, proportional share of its database's processes.
import { setTimeout as pause } from "node:timers/promises";
import { postmasterPid } from "../../bench/data-folder.mjs";
import { processTree, pssMb, rssMb } from "../../bench/processes.mjs";

const GATEWAY_EVERY_MS = 200;
/** Reading a database's shares costs a millisecond a process, so it is done less often. */
const DATABASE_EVERY = 5;

/**
 * @param {{ gatewayPid: () => number | null, dataDir: string }} of
 */
export function watchMemory({ gatewayPid, dataDir }) {
  const began = performance.now();
  const samples = [];
  const watch = { isOn: true };
  const loop = (async () => {
    for (let n = 0; watch.isOn; n++) {
      const gatewayMb = rssOf(gatewayPid());
      const databaseMb = n % DATABASE_EVERY === 0 ? databasePss(dataDir) : null;
      samples.push({ atMs: Math.round(performance.now() - began), gatewayMb, databaseMb });
      await pause(GATEWAY_EVERY_MS);
    }
  })();
  return {
    samples,
    now: () => ({ gatewayMb: rssOf(gatewayPid()), databaseMb: databasePss(dataDir) }),
    highest: () => ({ gatewayMb: highest(samples, "gatewayMb"), databaseMb: highest(samples, "databaseMb") }),
    stop: async () => {
      watch.isOn = false;
      await loop;
    },
  };
}

function rssOf(pid) {
  return pid === null ? null : rounded(rssMb(pid));
}

function databasePss(dataDir) {
  const postmaster = postmasterPid(dataDir);
  return postmaster === null ? null : rounded(pssMb(processTree(postmaster)));
}

function highest(samples, name) {
  const values = samples.map((sample) => sample[name]).filter((value) => value !== null);
  return values.length === 0 ? null : Math.max(...values);
}

const rounded = (mb) => (mb === null ? null : Math.round(mb * 10) / 10);
