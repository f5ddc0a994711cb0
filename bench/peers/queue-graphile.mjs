// graphile-worker alone, set as its own page on performance sets it for its figures (https://worker.graphile.org/docs/performance,
// 0.17): 24 at once, a pool of 25, a local queue of 500, completions and failures in batches without a delay.
import { makeWorkerUtils, run } from "graphile-worker";
import { Logger } from "graphile-worker";
import { Pool } from "pg";
import { serveSide } from "../queue/side.mjs";

const CHUNK = 10_000;
const SETTINGS = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};
const connectionString = process.env.BENCH_DATABASE_URL;
const logger = new Logger(() => () => {});
const pool = new Pool({ connectionString, max: 1 });
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();

serveSide({
  what: `graphile-worker, 24 at once, local queue of 500, batched completion; no history`,
  fill: async (count) => {
    for (let at = 0; at < count; at += CHUNK) {
      const specs = Array.from({ length: Math.min(CHUNK, count - at) }, (_, i) => ({
        identifier: "webhook",
        payload: { id: `evt_${at + i}` },
        maxAttempts: 5,
      }));
      await utils.addJobs(specs);
    }
  },
  start: async (onHandled) => {
    const taskList = { webhook: async () => onHandled() };
    const preset = { worker: { connectionString, ...SETTINGS } };
    const runner = await run({ preset, taskList, logger, noHandleSignals: true });
    return () => runner.stop();
  },
  isEmpty: async () => {
    const { rows } = await pool.query("select exists (select from graphile_worker._private_jobs) as waits");
    return !rows[0].waits;
  },
  close: async () => {
    await utils.release();
    await pool.end();
  },
});
