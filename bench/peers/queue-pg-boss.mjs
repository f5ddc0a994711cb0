// pg-boss alone, in batches: `insert` to queue, `fetch` and `complete` of whole batches in loops of our own, since `work` sleeps
// for the rest of its polling interval after each batch (https://github.com/timgit/pg-boss/blob/10.4.2/docs/api/workers.md).
// Priorities are left out of the fetch, as they are not used (…/docs/api/jobs.md, "fetch").
import PgBoss from "pg-boss";
import { Pool } from "pg";
import { serveSide } from "../queue/side.mjs";

const QUEUE = "webhooks";
const CHUNK = 5_000;
const BATCH = 500;
const LOOPS = 4;
const connectionString = process.env.BENCH_DATABASE_URL;
const pool = new Pool({ connectionString, max: 1 });
const boss = new PgBoss({ connectionString, max: LOOPS + 2, schedule: false });
boss.on("error", (error) => process.stderr.write(`${error.message}\n`));
await boss.start();
await boss.createQueue(QUEUE);

serveSide({
  what: `pg-boss, ${LOOPS} loops that fetch and complete ${BATCH} at a time; keeps what is done, no attempts`,
  fill: async (count) => {
    for (let at = 0; at < count; at += CHUNK) {
      const length = Math.min(CHUNK, count - at);
      await boss.insert(
        Array.from({ length }, (_, i) => ({ name: QUEUE, data: { id: `evt_${at + i}` }, retryLimit: 4 })),
      );
    }
  },
  start: async (onHandled) => {
    const state = { stopped: false };
    const loops = Array.from({ length: LOOPS }, () => loop(state, onHandled));
    return async () => {
      state.stopped = true;
      await Promise.all(loops);
    };
  },
  isEmpty: async () => {
    const { rows } = await pool.query(
      "select exists (select from pgboss.job where name = $1 and state < 'completed') as waits",
      [QUEUE],
    );
    return !rows[0].waits;
  },
  close: async () => {
    await boss.stop({ graceful: false });
    await pool.end();
  },
});

async function loop(state, onHandled) {
  while (!state.stopped) {
    const jobs = await boss.fetch(QUEUE, { batchSize: BATCH, priority: false });
    for (const job of jobs) await handle(job, onHandled);
    if (jobs.length > 0)
      await boss.complete(
        QUEUE,
        jobs.map(({ id }) => id),
      );
    else await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function handle(_job, onHandled) {
  onHandled();
}
