// The other half of the BullMQ recipe: a worker in a process of its own (https://docs.bullmq.io/guide/workers) that reads the
// event and posts it to the application over kept connections. The concurrency is that of
// https://docs.bullmq.io/guide/workers/concurrency. Anything but 2xx is thrown, so that BullMQ tries again.
import { Agent, request } from "node:http";
import { Worker } from "bullmq";
import { Pool } from "pg";

const CONCURRENCY = 50;
const target = process.env.BENCH_RECEIVER_URL ?? "";
const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
const pool = new Pool({ connectionString: process.env.BENCH_DATABASE_URL });
const connection = { host: "127.0.0.1", port: Number(process.env.BENCH_REDIS_PORT), maxRetriesPerRequest: null };

const worker = new Worker("webhooks", deliver, { connection, concurrency: CONCURRENCY });
await worker.waitUntilReady();
process.stdout.write(`${JSON.stringify({ ready: true, concurrency: CONCURRENCY })}\n`);

process.on("SIGTERM", async () => {
  await worker.close();
  agent.destroy();
  await pool.end();
});

async function deliver(job) {
  const { rows } = await pool.query("select payload::text as text from webhook_event where id = $1", [job.data.id]);
  const status = await post(rows[0].text);
  if (status < 200 || status > 299) throw new Error(`the application answered ${status}`);
}

function post(text) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const sent = request(target, { method: "POST", agent, headers, timeout: 15_000 }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode));
      answer.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer in 15 s")));
    sent.on("error", reject);
    sent.end(text);
  });
}
