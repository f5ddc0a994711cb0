// Starts what is compared. Each contender says where to send, whose CPU counts, and which headers its answers must show.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { postmasterPid } from "../data-folder.mjs";
import { processTree } from "../processes.mjs";
import { startGateway, startProcess } from "../start-process.mjs";
import { startDatabase, startRedis } from "./recipe-servers.mjs";

const FLOOR = fileURLToPath(new URL("../peers/floor.mjs", import.meta.url));
const RECIPE = fileURLToPath(new URL("../peers/recipe.mjs", import.meta.url));
const RECEIVER = fileURLToPath(new URL("./receiver.mjs", import.meta.url));
const SOURCE_KEY = "bench-stripe-source-key-000";

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} what one line for the table's legend
 * @property {string} url where the sender posts
 * @property {string | null} keptHeader what each 200 must carry
 * @property {string | null} duplicateHeader what marks a duplicate
 * @property {() => { node: number[], database: number[] }} pids
 * @property {() => Promise<void>} stop
 */

/** @param {{ folder: string, secret: string }} run @returns {Promise<Contender>} */
export async function startFloor({ folder, secret }) {
  const server = await startProcess({
    args: [FLOOR],
    logFile: join(folder, "floor.log"),
    env: { BENCH_SECRET: secret },
  });
  return {
    name: "floor",
    what: "bare node:http: reads the body, checks the HMAC, answers 200, keeps nothing",
    url: server.ready.url,
    keptHeader: null,
    duplicateHeader: null,
    pids: () => ({ node: [server.pid], database: [] }),
    stop: async () => void (await server.stop()),
  };
}

/**
 * Holdfast by its command line, with one Stripe source.
 *
 * @param {{ folder: string, secret: string, nodeArgs?: string[] }} run
 * @param {{ routed: boolean }} shape routed: every event is also delivered to a fast receiver meanwhile
 * @returns {Promise<Contender>}
 */
export async function startHoldfast({ folder, secret, nodeArgs = [] }, { routed }) {
  const name = routed ? "holdfast+route" : "holdfast";
  const home = join(folder, name);
  mkdirSync(home);
  const receiver = routed ? await startProcess({ args: [RECEIVER], logFile: join(home, "receiver.log") }) : null;
  const configFile = join(home, "holdfast.config.mjs");
  writeFileSync(configFile, configuration(secret, receiver?.ready.url ?? null));
  const dataDir = join(home, "data");
  const gateway = await startGateway({ configFile, dataDir, nodeArgs, logFile: join(home, "gateway.log") });
  const delivering = routed ? ", and delivers it to a receiver that answers at once" : "";
  return {
    name,
    what: `Holdfast: verifies, commits the event to disk, then answers 200${delivering}`,
    url: `${gateway.ready.ingestUrl.replace(/\/$/, "")}/in/${SOURCE_KEY}`,
    keptHeader: "holdfast-event",
    duplicateHeader: "holdfast-duplicate",
    pids: () => {
      const postmaster = postmasterPid(dataDir);
      return { node: [gateway.pid], database: postmaster === null ? [] : processTree(postmaster) };
    },
    stop: async () => {
      await gateway.stop();
      await receiver?.stop();
    },
  };
}

function configuration(secret, receiverUrl) {
  const definition = {
    sources: { stripe: { provider: "stripe", key: SOURCE_KEY, secrets: [secret] } },
    destinations: receiverUrl === null ? {} : { app: { url: receiverUrl } },
    routes: receiverUrl === null ? [] : [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
  };
  return `export default ${JSON.stringify(definition, null, 2)};\n`;
}

/** @param {{ folder: string, secret: string, redis: string }} run @returns {Promise<Contender>} */
export async function startRecipe({ folder, secret, redis }) {
  const home = join(folder, "recipe");
  mkdirSync(home, { mode: 0o711 });
  const database = await startDatabase(join(home, "data"));
  const queue = await startRedis(redis, join(home, "redis"));
  const env = { BENCH_SECRET: secret, BENCH_DATABASE_URL: database.url };
  if (queue.ok) env.BENCH_REDIS_PORT = `${queue.port}`;
  const server = await startProcess({ args: [RECIPE], logFile: join(home, "recipe.log"), env });
  const step = queue.ok
    ? `BullMQ queue.add on Redis (append-only file, fsync every second)`
    : `WITHOUT the queue step: ${queue.reason}`;
  return {
    name: queue.ok ? "recipe" : "recipe (no queue)",
    what: `Express 5, raw body, HMAC, INSERT … ON CONFLICT by a pool of ${server.ready.poolSize}; ${step}`,
    url: server.ready.url,
    keptHeader: "recipe-event",
    duplicateHeader: "recipe-duplicate",
    pids: () => ({ node: [server.pid], database: [...processTree(database.pid), ...(queue.ok ? [queue.pid] : [])] }),
    stop: async () => {
      await server.stop();
      if (queue.ok) await queue.stop();
      await database.stop();
    },
  };
}
