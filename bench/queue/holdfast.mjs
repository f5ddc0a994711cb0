// Holdfast's side of the queue bench: its own engine on its own statements, claims, leases, attempts and all. What it does with
// a delivery is nothing: an HTTP destination whose answer is there at once, or a handler that returns at once; the settler shares
// its transactions, as the peers' do. Or a handler that writes one row, in the transaction that settles its delivery (promise 4).
// @ts-check: whoever changes what the engine takes is told here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layFoundation } from "../../gateway/dist/boot/foundation.js";
import { loadConfig } from "../../gateway/dist/config.js";
import { TIMEOUT_MAX_MS } from "../../gateway/dist/domain/catalog.js";
import { SETTLE_LANES } from "../../gateway/dist/engine/settler.js";
import { startEngine } from "../../gateway/dist/engine/start-engine.js";
import { openLedger } from "../../gateway/dist/pipeline/ledger.js";
import { recordEvents } from "../../gateway/dist/pipeline/record-event.js";
import { silentLog } from "../../gateway/dist/platform/log.js";
import { draftEvent } from "../growth/queue.mjs";
import { BY_INDEX, BY_KEY } from "../../gateway/dist/store/plans.js";
import { serveSide } from "./side.mjs";

const BATCH = 250;
const STATEMENT_MS = 60_000;
/** @type {import("../../gateway/dist/platform/egress/egress-outcome.js").EgressOutcome} */
const ANSWER = {
  kind: "response",
  status: 204,
  headers: [],
  body: new Uint8Array(),
  truncated: false,
  durationMs: 0,
  address: "127.0.0.1",
};
const SIDES = {
  http: { target: { url: "http://127.0.0.1:9/" }, what: "an answer that is there at once, settled in batches" },
  handler: { target: { handler: "nothing" }, what: "a handler that returns at once, settled in batches" },
  transaction: {
    target: { handler: "write", timeoutMs: 15_000 },
    what: "a handler that writes one row, each in its own transaction with its delivery",
  },
};
const destination = process.env.BENCH_DESTINATION ?? "";
const side = new Map(Object.entries(SIDES)).get(destination);
if (side === undefined) throw new Error(`BENCH_DESTINATION is ${Object.keys(SIDES).join(", ")}`);
const { target, what } = side;

const dataDir = mkdtempSync(join(tmpdir(), "holdfast-queue-"));
const state = { onHandled: () => {}, filled: 0 };
const config = await load();
const foundation = await layFoundation(config, silentLog, () => {});
if (!foundation.ok) throw new Error(`${foundation.message} ${foundation.remedy}`);
const { ranks } = foundation;
const db = foundation.openPool("worker", config.worker.databaseConnections, STATEMENT_MS, { plans: BY_INDEX });
await db.pool.query("CREATE TABLE public.effect (delivery text)");
const pools = {
  db,
  settleDb: foundation.openPool("settler", SETTLE_LANES, STATEMENT_MS, {
    pipelined: true,
    plans: BY_KEY,
  }),
  handlerDb: foundation.openPool("handlers", config.worker.databaseConnections, TIMEOUT_MAX_MS, {
    pipelined: true,
    connectTimeoutMs: 5_000,
  }),
};
const egress = {
  post: async () => {
    state.onHandled();
    return ANSWER;
  },
  get: async () => ANSWER,
  getPage: async () => ANSWER,
  close: async () => {},
};

serveSide({
  what: `Holdfast, ${config.worker.concurrency} at once, ${what}; every attempt kept`,
  fill,
  start: async (onHandled) => {
    state.onHandled = onHandled;
    const engine = await startEngine(
      { ...foundation, ...pools, egress, handlers: config.handlers, log: silentLog, worker: "bench" },
      { ...config.worker, isOnlyWorker: true },
    );
    engine.wake();
    return async () => {
      await engine.drain(5_000, 5_000);
      await checkHistory();
    };
  },
  isEmpty: async () => {
    const { rows } = await db.pool.query("SELECT EXISTS (SELECT FROM holdfast.delivery) AS waits");
    return !rows[0].waits;
  },
  close: async () => {
    await foundation.close();
    rmSync(dataDir, { recursive: true, force: true });
  },
});

async function load() {
  const content = {
    sources: {
      bench: {
        provider: "stripe",
        key: "bench-queue-source-key-000",
        secrets: ["whsec_of_the_queue_bench_0123456789"],
      },
    },
    destinations: { app: target },
    routes: [{ source: "bench", destination: "app" }],
    handlers: {
      nothing: () => state.onHandled(),
      /**
       * @param {{ deliveryId: string }} event
       * @param {import("../../gateway/dist/domain/handler.js").HandlerTransaction} tx
       */
      write: async (event, tx) => {
        await tx.query("INSERT INTO public.effect VALUES ($1)", [event.deliveryId]);
        state.onHandled();
      },
    },
    egress: { allowCidrs: ["127.0.0.0/8"] },
  };
  const env = { DATABASE_URL: process.env.BENCH_DATABASE_URL };
  const loaded = await loadConfig({ flags: { "data-dir": dataDir }, env, cwd: dataDir, content });
  if (!loaded.ok) throw new Error(loaded.faults.map((fault) => JSON.stringify(fault)).join("; "));
  return loaded.config;
}

/** @param {number} count */
async function fill(count) {
  const { rows } = await db.pool.query(
    "SELECT s.id AS source_id, d.id AS destination_id FROM holdfast.source s, holdfast.destination d",
  );
  const ids = { sourceId: rows[0].source_id, destinationId: rows[0].destination_id };
  const ledger = openLedger();
  for (let at = 0; at < count; at += BATCH) {
    const drafts = Array.from({ length: Math.min(BATCH, count - at) }, () => draftEvent(ids));
    const given = { ledger, now: new Date(), isRepeat: false, ranks };
    const done = await db.transaction((tx) => recordEvents(tx, drafts, given), STATEMENT_MS);
    if (!done.ok) throw new Error(done.message);
  }
  state.filled += count;
}

// "With full attempt history" is looked at, not taken on trust.
async function checkHistory() {
  const { rows } = await db.pool.query(
    `SELECT (SELECT count(*)::int FROM holdfast.attempt) AS attempts,
            (SELECT count(*)::int FROM holdfast.finished_delivery WHERE state = 'processed') AS processed`,
  );
  if (destination === "transaction") await checkEffects();
  const { attempts, processed } = rows[0];
  if (attempts !== state.filled || processed !== state.filled)
    throw new Error(`${state.filled} were queued, ${attempts} attempts and ${processed} processed are there`);
}

// Exactly once each, which is what its transaction is for.
async function checkEffects() {
  const { rows } = await db.pool.query(
    "SELECT count(*)::int AS rows, count(DISTINCT delivery)::int AS deliveries FROM public.effect",
  );
  const { rows: written, deliveries } = rows[0];
  if (written !== state.filled || deliveries !== state.filled)
    throw new Error(`${state.filled} were queued, ${written} effects of ${deliveries} deliveries are there`);
}
