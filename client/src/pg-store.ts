import type { OnceStore } from "./once.ts";

/** What is used of a connection: `pg`'s Client and PoolClient have this shape. */
export interface PgClient {
  query(text: string, params?: unknown[]): Promise<{ rowCount: number | null; command?: string }>;
  on?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
}

/** What is used of a pool: `pg`'s Pool has this shape. */
export interface PgPool<C extends PgClient> {
  connect(): Promise<C & { release(destroy?: boolean | Error): void }>;
}

/** The table that keys are remembered in. Run it once, with the migrations of your own tables; `name` may carry a schema. */
export function onceTableSql(name: string = DEFAULT_TABLE): string {
  return `CREATE TABLE IF NOT EXISTS ${checkName(name)} (key text PRIMARY KEY, acted_at timestamptz NOT NULL DEFAULT now())`;
}

const DEFAULT_TABLE = "holdfast_once";

/** A store in PostgreSQL, and a way to forget. */
export interface PgStore<C> extends OnceStore<C> {
  /**
   * Forgets keys that were acted on before the given time and says how many. A delivery that comes after its key was
   * forgotten acts a second time, so keep keys for as long as one can come: until it has ended at the gateway, which a paused
   * destination puts off for as long as the pause, and then for the gateway's `retention.eventDays`, as a dead letter can be
   * retried or replayed.
   */
  forgetBefore(time: Date): Promise<number>;
}

/**
 * A store for `once` over a `pg` pool. Key and effect share one transaction: the key is inserted first, so that a second
 * delivery of the same key waits until the first has committed (and then does nothing) or has failed (and then acts).
 *
 * The effect gets the connection that is inside the transaction, and must write through it and leave BEGIN, COMMIT and
 * ROLLBACK alone.
 */
export function createPgStore<C extends PgClient>(parts: { pool: PgPool<C>; table?: string }): PgStore<C> {
  const { pool } = parts;
  const table = checkName(parts.table ?? DEFAULT_TABLE);
  return {
    claim: (key, effect) =>
      withConnection(pool, async (client) => {
        await client.query("BEGIN");
        const inserted = await client.query(`INSERT INTO ${table} (key) VALUES ($1) ON CONFLICT DO NOTHING`, [key]);
        if (inserted.rowCount === 0) {
          await client.query("ROLLBACK");
          return { acted: false };
        }
        const result = await effect(client);
        const committed = await client.query("COMMIT");
        // PostgreSQL answers COMMIT with success and the tag ROLLBACK when a statement had failed and the effect swallowed it.
        if (committed.command !== undefined && committed.command !== "COMMIT")
          throw new Error(
            "the effect caught the error of a statement, so its transaction was rolled back; let it throw",
          );
        return { acted: true, result };
      }),
    forgetBefore: (time) =>
      withConnection(pool, async (client) => {
        const forgotten = await client.query(`DELETE FROM ${table} WHERE acted_at < $1`, [time]);
        return forgotten.rowCount ?? 0;
      }),
  };
}

function ignore(): void {}

async function withConnection<C extends PgClient, T>(pool: PgPool<C>, work: (client: C) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks while nothing is asked of it says so by an event, which without a listener ends the process.
  // The next query fails anyway.
  client.on?.("error", ignore);
  try {
    const result = await work(client);
    client.off?.("error", ignore);
    client.release();
    return result;
  } catch (error) {
    // A connection whose transaction cannot be ended must not go back: its next user would be inside that transaction.
    const ended = await client.query("ROLLBACK").then(
      () => true,
      () => false,
    );
    client.off?.("error", ignore);
    client.release(!ended);
    throw error;
  }
}

/** The name goes into SQL as it is, so it may only be made of what needs no quotes. */
function checkName(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/.test(name))
    throw new TypeError(
      "a table name has lower-case letters, digits and _, with a schema and a dot in front if need be",
    );
  return name;
}
