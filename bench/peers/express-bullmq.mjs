// Express, an INSERT that commits by itself, then BullMQ's queue.add: the usual recipe. Between the two a crash loses the
// event for good, since its repetition is a duplicate; nothing is added here to heal that.
import { INSERT_EVENT, openPool, serve } from "./express-recipe.mjs";

const redisPort = process.env.BENCH_REDIS_PORT;
const pool = await openPool();
const queue = redisPort === undefined ? null : await openQueue(Number(redisPort));

serve(pool, {
  accept: async ({ id, type }, text) => {
    const inserted = await pool.query(INSERT_EVENT, [id, type, text]);
    if (inserted.rowCount === 0) return false;
    // Retries and removal as https://docs.bullmq.io/guide/retrying-failing-jobs and …/guide/queues/auto-removal-of-jobs show.
    await queue?.add(
      type,
      { id },
      { jobId: id, attempts: 5, backoff: { type: "exponential", delay: 1000 }, removeOnComplete: true },
    );
    return true;
  },
  left: async () => {
    if (queue === null) return 0;
    const counts = await queue.getJobCounts("wait", "active", "delayed", "prioritized");
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  },
  close: async () => void (await queue?.close()),
});

// BullMQ's documentation asks for a server that evicts nothing; it is started so.
async function openQueue(port) {
  const { Queue } = await import("bullmq");
  const opened = new Queue("webhooks", { connection: { host: "127.0.0.1", port } });
  await opened.waitUntilReady();
  return opened;
}
