// BullMQ alone: `addBulk` to queue (https://docs.bullmq.io/guide/queues/adding-bulks), one worker with a concurrency
// (https://docs.bullmq.io/guide/workers/concurrency). Redis has its append-only file on with an fsync every second
// (https://docs.bullmq.io/guide/going-to-production), so unlike the others it may lose the last second.
import { Queue, Worker } from "bullmq";
import { serveSide } from "../queue/side.mjs";

const CHUNK = 2_000;
const CONCURRENCY = 50;
const connection = { host: "127.0.0.1", port: Number(process.env.BENCH_REDIS_PORT) };
const queue = new Queue("webhooks", { connection });
await queue.waitUntilReady();

serveSide({
  what: `BullMQ, ${CONCURRENCY} at once; Redis with an fsync every second; no history`,
  fill: async (count) => {
    for (let at = 0; at < count; at += CHUNK) {
      const length = Math.min(CHUNK, count - at);
      await queue.addBulk(
        Array.from({ length }, (_, i) => ({
          name: "webhook",
          data: { id: `evt_${at + i}` },
          opts: { attempts: 5, removeOnComplete: true },
        })),
      );
    }
  },
  start: async (onHandled) => {
    const options = { connection: { ...connection, maxRetriesPerRequest: null }, concurrency: CONCURRENCY };
    const worker = new Worker("webhooks", async () => onHandled(), options);
    return () => worker.close();
  },
  isEmpty: async () => {
    const counts = await queue.getJobCounts("wait", "active", "delayed", "prioritized");
    return Object.values(counts).every((count) => count === 0);
  },
  close: () => queue.close(),
});
