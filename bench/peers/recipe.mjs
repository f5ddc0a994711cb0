// The usual recipe, written as its guides show it and with nothing left out to make it slow: Express, the raw body, the
// HMAC by hand, one INSERT … ON CONFLICT DO NOTHING through a pool of pg's default size, then BullMQ's queue.add.
import { createHmac, timingSafeEqual } from "node:crypto";
import express from "express";
import { Pool } from "pg";

const secret = process.env.BENCH_SECRET ?? "";
const redisPort = process.env.BENCH_REDIS_PORT;
const TOLERANCE_SEC = 300;

const pool = new Pool({ connectionString: process.env.BENCH_DATABASE_URL });
await pool.query(`create table if not exists webhook_event (
  id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`);
const queue = redisPort === undefined ? null : await openQueue(Number(redisPort));

const app = express();
// Express 5 hands a rejected promise to its error handler by itself.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejected handler on to its error handler
app.post("/webhooks/stripe", express.raw({ type: "application/json", limit: "1mb" }), async (request, response) => {
  if (!isGenuine(request.get("stripe-signature") ?? "", request.body)) return response.status(401).end();
  const event = JSON.parse(request.body);
  const inserted = await pool.query(
    "insert into webhook_event (id, type, payload) values ($1, $2, $3) on conflict (id) do nothing",
    [event.id, event.type, request.body.toString()],
  );
  if (inserted.rowCount === 0) return response.set("recipe-duplicate", "true").status(200).end();
  await queue?.add(event.type, { id: event.id }, { jobId: event.id, attempts: 5, removeOnComplete: true });
  return response.set("recipe-event", event.id).status(200).end();
});

const server = app.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}/webhooks/stripe`;
  process.stdout.write(`${JSON.stringify({ ready: true, url, poolSize: pool.options.max })}\n`);
});
process.on("SIGTERM", async () => {
  server.close();
  server.closeAllConnections();
  await queue?.close();
  await pool.end();
});

// BullMQ's documentation asks for a server that evicts nothing; it is started so.
async function openQueue(port) {
  const { Queue } = await import("bullmq");
  const opened = new Queue("webhooks", { connection: { host: "127.0.0.1", port } });
  await opened.waitUntilReady();
  return opened;
}

function isGenuine(header, body) {
  const found = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header);
  if (found === null || Math.abs(Date.now() / 1000 - Number(found[1])) > TOLERANCE_SEC) return false;
  const expected = createHmac("sha256", secret).update(`${found[1]}.`).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(found[2], "hex"));
}
