// `npm run proof -- recovery`: how long it takes from a fault that is healed until service is what it was: events are acknowledged
// again, nothing that is ready is old, and what was acknowledged before has been delivered.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { removeDataFolder } from "../../bench/data-folder.mjs";
import { freePort } from "../../bench/free-port.mjs";
import { createGatewayKeeper } from "../kill-flood/gateway-keeper.mjs";
import { openDisk } from "../nemesis/disk.mjs";
import { publishReport } from "../report/save-report.mjs";
import { FAULTS } from "./faults.mjs";
import { reportRecovery } from "./report.mjs";
import { startSwitchedReceiver, startTraffic } from "./traffic.mjs";

const USAGE = `npm run proof -- recovery [options]
  --times <n>    each fault so often (default 5)
  --only <text>  faults whose name holds it
  --every <ms>   one event so often (default 50)
  --json         one line of JSON instead of the summary
`;
const KEY = "proof-stripe-source-key-000";
const SECRET = "whsec_of_the_recovery_proof_0000000";
/** A delivery that is ready and older than this has waited for something. */
const OLD_SEC = 1;
const NORMAL_MAX_MS = 180_000;
const CALM_MS = 2_000;
const POLL_MS = 50;

/** @returns {Promise<number>} exit code: 0 when every fault was recovered from and nothing was lost */
export async function runRecovery(args) {
  const options = readOptions(args);
  if (options === null) return 2;
  const undo = [];
  const cleanUp = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  const onSignal = () => cleanUp().finally(() => process.exit(130));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const scene = await setUp(options, undo);
    const results = await Promise.race([measureAll(options, scene), scene.keeper.failed]);
    await scene.traffic.stop();
    await until(() => isAllDelivered(scene, Infinity));
    const report = reportRecovery({ options, results, scene });
    publishReport(report, options);
    return report.verdict === "true" ? 0 : 1;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await cleanUp();
  }
}

async function setUp({ everyMs }, undo) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-proof-"));
  // Open to pass through: as root, the database's own user has to reach its folder.
  chmodSync(folder, 0o711);
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const disk = openDisk(folder);
  if (disk.ok) undo.push(() => disk.close());
  const root = disk.ok ? disk.path : join(folder, "disk");
  mkdirSync(root, { recursive: true });
  const dataDir = join(root, "data");
  undo.push(() => removeDataFolder(dataDir));
  const receiver = await startSwitchedReceiver();
  undo.push(() => receiver.stop());
  const configFile = join(folder, "holdfast.config.mjs");
  writeFileSync(configFile, `export default ${JSON.stringify(definition(receiver.url))};\n`);
  const port = await freePort();
  const ends = [];
  const keeper = createGatewayKeeper({
    configFile,
    dataDir,
    logFile: join(folder, "gateway.log"),
    port,
    adminPort: await freePort(),
    onEnded: (end) => ends.push(end),
  });
  undo.push(() => keeper.stop());
  await Promise.race([keeper.ready(), keeper.failed]);
  const traffic = startTraffic({ url: `http://127.0.0.1:${port}/in/${KEY}`, secret: SECRET, everyMs });
  return { keeper, dataDir, disk, receiver, traffic, ends };
}

function definition(url) {
  return {
    sources: { stripe: { provider: "stripe", key: KEY, secrets: [SECRET] } },
    destinations: { app: { url, timeoutMs: 5_000, retry: { scheduleSec: [1, 1, 2, 2, 5, 5, 10, 10, 10, 10] } } },
    routes: [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
  };
}

async function measureAll({ times, only }, scene) {
  const results = [];
  for (const fault of FAULTS.filter(({ name }) => name.includes(only))) {
    const untried = fault.untried?.(scene) ?? null;
    const runs = [];
    const repetitions = untried === null ? times : 0;
    for (let i = 0; i < repetitions; i++) {
      await until(() => isNormal(scene));
      await pause(CALM_MS);
      runs.push(await measure(scene, fault));
      process.stderr.write(`${fault.name}: ${JSON.stringify(runs.at(-1))}\n`);
    }
    results.push({ fault, untried, runs });
  }
  return results;
}

/** @returns {Promise<{ ackedMs: number | null, freshMs: number | null, clearMs: number | null }>} null: not within the time */
async function measure(scene, fault) {
  const healedAt = await fault.strike(scene);
  // What is answered now was sent before or while it lasted; the first that was begun afterwards counts.
  const ackedAt = await Promise.race([scene.traffic.nextAck(healedAt), pause(NORMAL_MAX_MS, null, { ref: false })]);
  const freshAt = await until(() => isNormal(scene));
  const clearAt = await until(() => isAllDelivered(scene, healedAt));
  const since = (at) => (at === null ? null : at - healedAt);
  return { ackedMs: since(ackedAt), freshMs: since(freshAt), clearMs: since(clearAt) };
}

async function isNormal({ keeper }) {
  if (!keeper.isReady()) return false;
  const { adminUrl, adminToken } = await keeper.ready();
  const headers = { authorization: `Bearer ${adminToken}` };
  const answer = await fetch(`${adminUrl}/api/v1/status`, { headers, signal: AbortSignal.timeout(5_000) }).catch(
    () => null,
  );
  if (!answer?.ok) return false;
  const { deliveries } = await answer.json();
  if (deliveries.oldestReadySec === null) return false;
  return Object.values(deliveries.oldestReadySec).every((seconds) => seconds < OLD_SEC);
}

async function isAllDelivered({ traffic, receiver }, before) {
  for (const [id, at] of traffic.acked) if (at < before && !receiver.arrivedAt.has(id)) return false;
  return true;
}

/** @returns {Promise<number | null>} when it was so, null when it was not within the time */
async function until(isSo) {
  const end = performance.now() + NORMAL_MAX_MS;
  while (performance.now() < end) {
    if (await isSo().catch(() => false)) return Date.now();
    await pause(POLL_MS);
  }
  return null;
}

function readOptions(args) {
  try {
    const text = { type: "string" };
    const { values } = parseArgs({
      args,
      options: { times: text, only: text, every: text, json: { type: "boolean" } },
    });
    const [times, everyMs] = [values.times ?? "5", values.every ?? "50"].map(Number);
    if (!Number.isInteger(times) || times < 1 || !(everyMs >= 5))
      throw new Error("--times must be at least 1, --every at least 5");
    return { times, everyMs, only: values.only ?? "", isJson: values.json === true };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return null;
  }
}
