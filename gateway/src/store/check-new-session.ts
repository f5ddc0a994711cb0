import pg from "pg";
import type { Durability } from "./durability.ts";
import { checkDurability } from "./durability.ts";

const CONNECT_TIMEOUT_MS = 1_500;
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Promise 7 for a session that begins now. A setting of the database or the role reaches new sessions alone: those that a
 * pool holds would go on saying that all is well. Rejects when no session can be had.
 */
export async function checkNewSession(pool: pg.Pool): Promise<Durability> {
  const client = new pg.Client({
    connectionString: pool.options.connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    application_name: "holdfast safety",
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await checkDurability(client);
  } finally {
    // Not waited for: a server that has fallen silent never says goodbye.
    client.end().catch(() => {});
  }
}
