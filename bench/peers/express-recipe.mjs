// What the recipes share, written as their guides show it and with nothing left out to make it slow: Express, the raw body,
// the HMAC by hand, one table with the provider's event id as its key, a pool of pg's default size.
import { createHmac, timingSafeEqual } from "node:crypto";
import express from "express";
import { Pool } from "pg";

const secret = process.env.BENCH_SECRET ?? "";
const TOLERANCE_SEC = 300;

/** The statement that decides who is new; its text, so that each recipe can run it where it wants it. */
export const INSERT_EVENT =
  "insert into webhook_event (id, type, payload) values ($1, $2, $3) on conflict (id) do nothing";

/** Opens the pool and makes the table. */
export async function openPool() {
  const pool = new Pool({ connectionString: process.env.BENCH_DATABASE_URL });
  await pool.query(`create table if not exists webhook_event (
    id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`);
  return pool;
}

/**
 * Runs what is given in one transaction of the pool, as pg's guide shows it.
 *
 * @param {Pool} pool
 * @param {(client: import("pg").PoolClient) => Promise<boolean>} act
 */
export async function inTransaction(pool, act) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await act(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/**
 * Serves the recipe and says so on the first line of output.
 *
 * @param {Pool} pool
 * @param {{ accept: (event: { id: string, type: string }, text: string) => Promise<boolean>, left?: () => Promise<number>,
 *   close: () => Promise<void> }} recipe `accept` keeps and queues an event and says whether it was new; `left` counts what
 *   is queued and not yet done
 */
export function serve(pool, { accept, left, close }) {
  const app = express();
  app.post("/webhooks/stripe", express.raw({ type: "application/json", limit: "1mb" }), async (request, response) => {
    if (!isGenuine(request.get("stripe-signature") ?? "", request.body)) return response.status(401).end();
    const event = JSON.parse(request.body);
    const isNew = await accept(event, request.body.toString());
    return response
      .set(isNew ? "recipe-event" : "recipe-duplicate", event.id)
      .status(200)
      .end();
  });
  app.get("/left", async (_request, response) => response.json({ left: (await left?.()) ?? 0 }));
  const server = app.listen(0, "127.0.0.1", () => {
    const url = `http://127.0.0.1:${server.address().port}/webhooks/stripe`;
    process.stdout.write(`${JSON.stringify({ ready: true, url, poolSize: pool.options.max })}\n`);
  });
  process.on("SIGTERM", async () => {
    server.close();
    server.closeAllConnections();
    await close();
    await pool.end();
  });
}

function isGenuine(header, body) {
  const found = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header);
  if (found === null || Math.abs(Date.now() / 1000 - Number(found[1])) > TOLERANCE_SEC) return false;
  const expected = createHmac("sha256", secret).update(`${found[1]}.`).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(found[2], "hex"));
}
