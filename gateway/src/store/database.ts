import pg from "pg";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Step } from "./at-once.ts";
import { attemptAtOnce } from "./at-once.ts";
import type { Progress } from "./attempt.ts";
import { attempt, begunBefore } from "./attempt.ts";
import { checkDurability } from "./durability.ts";
import type { Plans } from "./plans.ts";
import { planSession } from "./plans.ts";
import type { Queryable, Statement } from "./statement.ts";
import { runOn } from "./statement.ts";

/**
 * What became of a transaction. `unknown`: the connection was lost at COMMIT, the work may or may not be stored. `broken`: the connection
 * could not be used any more when the work had failed, for whatever reason. `late`: it took longer than its deadline, or than the
 * server lets a statement take.
 */
export type Committed<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly unknown: boolean;
      readonly code: string | null;
      readonly message: string;
      readonly broken?: true;
      readonly late?: true;
    };

/** One transaction's connection. */
export interface Transaction extends Queryable {
  readonly client: pg.PoolClient;
  /**
   * Sends a statement whose result the work does not need. Its failure fails the transaction. On a pipelined connection it
   * travels together with what follows, COMMIT included, so it costs no round trip of its own.
   */
  send(statement: Statement, values: readonly unknown[]): void;
  /** Runs steps in their order, one after the other; on a pipelined connection in one write, before the first is answered. */
  inOrder(steps: readonly (() => Promise<void>)[]): Promise<void>;
}

/** One that begins when its work asks for it. */
export interface LateTransaction extends Transaction {
  /** Begins, once; nothing may be sent before. Done when the server has answered. */
  begin(): Promise<void>;
  hasBegun(): boolean;
}

/** A bounded set of connections to PostgreSQL, each checked for safe settings before its first use. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one READ COMMITTED transaction. The result is `ok` only after COMMIT was answered with the tag COMMIT:
   * after a swallowed error PostgreSQL answers ROLLBACK without an error (measured, facts: finding 12).
   * A connection that outlives `deadlineMs` is destroyed, never used again, so replies cannot be mixed up.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, deadlineMs: number): Promise<Committed<T>>;
  /**
   * The same for work that may need none: where it has not begun, there is nothing to commit.
   *
   * @param begin what begins it, as one simple query, so that all of it fails when a part does
   */
  lateTransaction<T>(
    work: (tx: LateTransaction) => Promise<T>,
    deadlineMs: number,
    begin: string,
  ): Promise<Committed<T>>;
  /**
   * The same for statements that are all known beforehand: they go there and back once, COMMIT included. `value` is how many
   * rows each has written. On pipelined connections only.
   */
  transactionAtOnce(steps: readonly Step[], deadlineMs: number): Promise<Committed<readonly number[]>>;
  /** The pool itself, for what needs a dedicated connection. */
  readonly pool: pg.Pool;
  /** Destroys every connection, so that whatever waits for the database fails now. */
  cut(): void;
  /** Waits for connections in use; those that have not ended after `deadlineMs` are destroyed, and a second later not waited for. */
  close(deadlineMs?: number): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** How long a statement waits for a lock, within `statementTimeoutMs`; 2 s when absent. */
  readonly lockTimeoutMs?: number;
  readonly applicationName: string;
  readonly log: Log;
  /** Sends statements without waiting for the answers of those before (libpq's pipeline mode). For group commit alone. */
  readonly pipelined?: boolean;
  /** How statements are planned; as the server would when absent. */
  readonly plans?: Plans;
  /** How many connections stay open however long nobody uses them; 0 when absent. */
  readonly keptOpen?: number;
  /** After how long any other is closed; 30 s when absent. */
  readonly idleMs?: number;
}

const IDLE_MS = 30_000;
const LOCK_TIMEOUT_MS = 2_000;
/** What stands between forgets a connection on which nothing moves, some after a minute or few, and does not tell. */
export const KEEP_ALIVE_MS = 20_000;
const CLOSE_MS = 2_000;
/** What has not noticed by then that its connection was destroyed never will. */
const GIVE_UP_MS = 1_000;

/** Opens the pool; no connection is made before the first use. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool(poolConfig(options));
  // An idle connection that dies is replaced at the next use; without a listener the process would end.
  pool.on("error", (error) => options.log.debug({ error: messageOf(error) }, "idle database connection lost"));
  // One in use that dies between two statements has nobody waiting for its error, and would end the process as well
  // (seen: EPIPE at COMMIT after the server was killed). Its next statement fails by itself.
  pool.on("connect", (client) => client.on("error", () => {}));
  const clients = new Set<pg.PoolClient>();
  pool.on("connect", (client) => {
    clients.add(client);
    client.once("end", () => clients.delete(client));
  });
  return {
    pool,
    run: async (statement, values) => {
      const client = await pool.connect().catch((error: unknown) => {
        throw error instanceof Error ? Object.assign(error, UNSENT) : error;
      });
      let failed: Error | undefined;
      try {
        return await runOn(client, statement, values);
      } catch (error) {
        if (isConnectionLost(error)) failed = error as Error;
        throw error;
      } finally {
        client.release(failed);
      }
    },
    transaction: (work, deadlineMs) =>
      transact(pool, deadlineMs, (client, progress) => attempt(client, begunBefore(work), progress, "BEGIN")),
    lateTransaction: (work, deadlineMs, begin) =>
      transact(pool, deadlineMs, (client, progress) => attempt(client, work, progress, begin)),
    transactionAtOnce: (steps, deadlineMs) =>
      transact(pool, deadlineMs, (client, progress) => {
        // COMMIT is among what is sent: from here on a connection that is lost leaves it open what became of it.
        progress.committing = true;
        return attemptAtOnce(client, steps);
      }),
    cut: () => clients.forEach(destroy),
    close: async (deadlineMs = CLOSE_MS) => {
      const timer = setTimeout(() => clients.forEach(destroy), deadlineMs);
      await within(deadlineMs + GIVE_UP_MS, endAll(pool, clients));
      clearTimeout(timer);
    },
  };
}

async function endAll(pool: pg.Pool, clients: ReadonlySet<pg.PoolClient>): Promise<void> {
  await pool.end();
  // The pool does not wait for the other side to say good-bye; a server that is frozen never does.
  await Promise.all([...clients].map((client) => new Promise((resolve) => client.once("end", resolve))));
}

// A destroyed socket keeps no event loop going: without the timer a process that waits for it would end in mid-drain (seen).
async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, tooLate]);
  clearTimeout(timer);
}

function poolConfig(options: DatabaseOptions): pg.PoolConfig {
  return {
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectTimeoutMs,
    min: options.keptOpen ?? 0,
    idleTimeoutMillis: options.idleMs ?? IDLE_MS,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: Math.min(options.statementTimeoutMs, options.lockTimeoutMs ?? LOCK_TIMEOUT_MS),
    idle_in_transaction_session_timeout: 10_000,
    query_timeout: options.statementTimeoutMs + 1_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    pipeline: options.pipelined ?? false,
    types: { getTypeParser },
    verify: (client: pg.PoolClient, done: (error?: Error) => void) => {
      prepareConnection(client, options).then(() => done(), done);
    },
  } as pg.PoolConfig;
}

async function prepareConnection(client: pg.PoolClient, { plans }: DatabaseOptions): Promise<void> {
  const check = await checkDurability(client);
  if (!check.ok) {
    throw new UnsafeDatabaseError(check.faults.map((fault) => `${fault.setting} is ${fault.value}`).join(", "));
  }
  if (plans !== undefined) await client.query(planSession(plans));
}

/** The database would not keep promise 7; nothing is served from such a connection. */
export class UnsafeDatabaseError extends Error {
  override readonly name = "UnsafeDatabaseError";
}

// bigint as a checked number: our counts stay far below 2^53, and a string would compare wrongly.
const parseBigint = (text: string): number => Number(text);

function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8 && format !== "binary") return parseBigint;
  return pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown;
}

/** `query_canceled`: by `statement_timeout`, unless somebody did it by hand. */
const QUERY_CANCELED = "57014";

async function transact<T>(
  pool: pg.Pool,
  deadlineMs: number,
  attemptOn: (client: pg.PoolClient, progress: Progress) => Promise<Committed<T>>,
): Promise<Committed<T>> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    return { ok: false, unknown: false, code: codeOf(error), message: messageOf(error) };
  }
  const progress: Progress = { committing: false, expired: false };
  const timer = setTimeout(() => {
    progress.expired = true;
    destroy(client);
  }, deadlineMs);
  let broken = false;
  try {
    return await attemptOn(client, progress);
  } catch (error) {
    broken = progress.expired || !(await rolledBack(client, error));
    const message = progress.expired ? `no answer within ${deadlineMs} ms` : messageOf(error);
    // A SQLSTATE in answer to COMMIT (a deferred constraint) says that it was rolled back.
    const unknown = progress.committing && (progress.expired || isConnectionLost(error));
    const code = codeOf(error);
    const late = progress.expired || code === QUERY_CANCELED;
    return { ok: false, unknown, code, message, ...(broken && { broken }), ...(late && { late }) };
  } finally {
    clearTimeout(timer);
    client.release(broken || progress.expired);
  }
}

async function rolledBack(client: pg.PoolClient, error: unknown): Promise<boolean> {
  if (isConnectionLost(error)) return false;
  return client.query("ROLLBACK").then(
    () => true,
    () => false,
  );
}

// A statement that was given up on client-side would otherwise answer the next user of the connection.
function destroy(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

export function codeOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : null;
}

/** Whether the connection is gone or in doubt: no SQLSTATE at all, class 08, or 57P0x (shutdown, crash). */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  // EPIPE has five letters as well; every SQLSTATE has a digit.
  return code === null || !/^(?=.*\d)[0-9A-Z]{5}$/.test(code) || code.startsWith("08") || code.startsWith("57P");
}

const UNSENT = { isUnsent: true } as const;

/** Whether a single statement failed because there was no connection to send it over. */
export function isUnsent(error: unknown): boolean {
  return (error as Partial<typeof UNSENT> | null)?.isUnsent === true;
}

/**
 * Whether it says more of the connection than of what was asked: anything else that is asked now would fail as well. An answer that
 * did not come in time is none of these, since a smaller question may be answered.
 */
export function isConnectionGone(error: unknown): boolean {
  return isConnectionLost(error) && messageOf(error) !== "Query read timeout";
}
