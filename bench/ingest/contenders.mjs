// Starts what is compared. Each contender says where to send, whose CPU counts, and which headers its answers must show.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { postmasterPid } from "../data-folder.mjs";
import { processTree } from "../processes.mjs";
import { startGateway, startProcess } from "../start-process.mjs";
import { startDatabase, startRedis } from "../servers.mjs";

const peer = (name) => fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url));
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
    args: [peer("floor")],
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

/** What becomes of an event, by the shape of the gateway that is measured. */
const SHAPES = {
  holdfast: "",
  "holdfast+queued": ", with a delivery that waits in the queue, as the recipes' do",
  "holdfast+route": ", and delivers it to a receiver that answers at once",
};

/**
 * Holdfast by its command line, with one Stripe source.
 *
 * @param {{ folder: string, secret: string, nodeArgs?: string[] }} run
 * @param {{ name: keyof typeof SHAPES, receiver?: string }} shape plain: the event alone; queued: a delivery too, and no
 *   worker; route: delivered meanwhile, to the program `receiver` or to one that answers at once
 * @returns {Promise<Contender & { ready: Record<string, any>, receiverUrl: string | null }>}
 */
export async function startHoldfast({ folder, secret, nodeArgs = [] }, { name, receiver: program = RECEIVER }) {
  const home = join(folder, name);
  mkdirSync(home);
  const isDelivered = name === "holdfast+route";
  const receiver = isDelivered ? await startProcess({ args: [program], logFile: join(home, "receiver.log") }) : null;
  // Nobody listens there, and nobody works on what waits for it.
  const destination = name === "holdfast" ? null : (receiver?.ready.url ?? "http://127.0.0.1:9/");
  const configFile = join(home, "holdfast.config.mjs");
  writeFileSync(configFile, configuration(secret, destination));
  const dataDir = join(home, "data");
  const flags = name === "holdfast+queued" ? ["--role", "ingest,admin"] : [];
  const gateway = await startGateway({ configFile, dataDir, nodeArgs, flags, logFile: join(home, "gateway.log") });
  return {
    name,
    what: `Holdfast: verifies, commits the event to disk, then answers 200${SHAPES[name]}`,
    url: `${gateway.ready.ingestUrl.replace(/\/$/, "")}/in/${SOURCE_KEY}`,
    keptHeader: "holdfast-event",
    duplicateHeader: "holdfast-duplicate",
    ready: gateway.ready,
    receiverUrl: receiver?.ready.url ?? null,
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

const RECIPES = {
  bullmq: "INSERT … ON CONFLICT, then",
  "graphile-worker": "INSERT … ON CONFLICT and add_job in one transaction",
  "pg-boss": "INSERT … ON CONFLICT and send in one transaction",
};
const PROGRAMS = { bullmq: "express-bullmq", "graphile-worker": "express-graphile", "pg-boss": "express-pg-boss" };

/**
 * Express 5 with a queue, on a PostgreSQL like Holdfast's. Nobody works on what it queues, unless `receiver` says so.
 *
 * @param {{ folder: string, secret: string, redis: string }} run
 * @param {{ name: keyof typeof RECIPES, receiver?: string }} shape `receiver`: the program that BullMQ's worker delivers to
 * @returns {Promise<Contender & { receiverUrl: string | null, missing: string | null }>} `missing`: why it has no queue
 */
export async function startRecipe({ folder, secret, redis }, { name, receiver: program }) {
  const home = join(folder, name);
  mkdirSync(home, { mode: 0o711 });
  const database = await startDatabase(join(home, "data"));
  const queue = name === "bullmq" ? await startRedis(redis, join(home, "redis")) : null;
  const env = { BENCH_SECRET: secret, BENCH_DATABASE_URL: database.url };
  if (queue?.ok === true) env.BENCH_REDIS_PORT = `${queue.port}`;
  const server = await startProcess({ args: [peer(PROGRAMS[name])], logFile: join(home, "recipe.log"), env });
  const delivery = program === undefined ? null : await startDelivery(home, program, env);
  const missing = queue?.ok === false ? queue.reason : null;
  const step =
    queue === null
      ? ""
      : missing === null
        ? " queue.add on Redis with an fsync every second"
        : ` WITHOUT the queue step: ${missing}`;
  return {
    name: missing === null ? name : `${name} (no queue)`,
    what: `Express 5, raw body, HMAC, a pool of ${server.ready.poolSize}; ${RECIPES[name]}${step}${delivery?.what ?? ""}`,
    url: server.ready.url,
    keptHeader: "recipe-event",
    duplicateHeader: "recipe-duplicate",
    missing,
    receiverUrl: delivery?.receiverUrl ?? null,
    pids: () => ({
      node: [server.pid, ...(delivery?.pids ?? [])],
      database: [...processTree(database.pid), ...(queue?.ok === true ? [queue.pid] : [])],
    }),
    stop: async () => {
      await delivery?.stop();
      await server.stop();
      if (queue?.ok === true) await queue.stop();
      await database.stop();
    },
  };
}

async function startDelivery(home, program, env) {
  if (env.BENCH_REDIS_PORT === undefined) return null;
  const receiver = await startProcess({ args: [program], logFile: join(home, "receiver.log") });
  const worker = await startProcess({
    args: [peer("bullmq-delivery")],
    logFile: join(home, "worker.log"),
    env: { ...env, BENCH_RECEIVER_URL: receiver.ready.url },
  });
  return {
    what: `; a worker of its own posts it, ${worker.ready.concurrency} at once, and keeps no attempts`,
    receiverUrl: receiver.ready.url,
    pids: [worker.pid],
    stop: async () => {
      await worker.stop();
      await receiver.stop();
    },
  };
}
