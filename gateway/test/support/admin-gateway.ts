import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Catalog } from "../../src/domain/catalog.ts";
import { createApiKey } from "../../src/http/admin/api-keys.ts";
import { adminOperations, createAdminApi } from "../../src/http/admin/create-admin-api.ts";
import { startAdminServer } from "../../src/http/admin/start-admin-server.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Log } from "../../src/platform/log.ts";
import type { Metrics } from "../../src/platform/metrics.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import type { OpenIdProvider } from "../../src/platform/open-id-provider.ts";
import type { SecretsBox } from "../../src/platform/secrets-box.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database, Transaction } from "../../src/store/database.ts";
import { openDatabase } from "../../src/store/database.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { PATIENT, testDatabase } from "./database.ts";

/** An answer of the admin API; `body` is parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly bytes: Buffer;
}

/** The admin API over a real database and a real socket. */
export interface AdminGateway {
  readonly url: string;
  readonly db: Database;
  readonly box: SecretsBox;
  readonly key: string;
  readonly metrics: Metrics;
  /** Every line that was logged, as JSON text. */
  readonly logged: string[];
  readonly wakes: () => number;
  catalog(): Catalog;
  /** Calls as `key` unless another one is given; JSON of a 2xx answer is held against the operation's schema. */
  call(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** A key of another tenant, which is made when it does not exist. */
  keyOf(tenant: string): Promise<string>;
  close(): Promise<void>;
}

export interface AdminGatewayOptions {
  readonly allowCidrs?: readonly string[];
  readonly readiness?: () => Promise<{ ok: boolean; reasons: string[] }>;
  readonly openId?: OpenIdProvider;
  /** How the gateway reaches the database. */
  readonly reach?: (url: string) => Promise<string>;
  /** Stands around each statement and each transaction (`BEGIN`) of the gateway. */
  readonly around?: Around;
}

/** Runs what the gateway asks of its database, and whatever the test wants before or after it. */
export type Around = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export async function startAdminGateway(options: AdminGatewayOptions = {}): Promise<AdminGateway> {
  const database = await testDatabase();
  const logged: string[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    logged.push(JSON.stringify({ ...fields, message }));
  };
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const db = openDatabase({
    url: (await options.reach?.(database.url)) ?? database.url,
    connectionsMax: 6,
    ...PATIENT,
    applicationName: "holdfast test",
    log,
  });
  await ensurePartitions(db, Date.now(), 1);
  const box = createSecretsBox({ keys: [{ id: "test", key: randomBytes(32) }] });
  let catalog = await loadCatalog(db, box);
  let woken = 0;
  const metrics = createMetrics("0.0.0-test");
  const parts = {
    db,
    box,
    clock: systemClock,
    databaseNow: () => new Date(),
    random: (bytes: number): Uint8Array => randomBytes(bytes),
    ranks: createFairQueue(),
  };
  const app = createAdminApi({
    ...parts,
    db: options.around === undefined ? db : watchDatabase(db, options.around),
    catalog: {
      current: () => catalog,
      refresh: async () => {
        catalog = await loadCatalog(db, box);
      },
    },
    egressPolicy: { allowCidrs: [...(options.allowCidrs ?? [])] },
    ingestUrl: "http://127.0.0.1:4400",
    ...(options.openId === undefined ? {} : { openId: options.openId }),
    metrics,
    readiness: options.readiness ?? (async () => ({ ok: true, reasons: [] })),
    status: async () => ({ roles: ["admin"] }),
    wake: () => {
      woken++;
    },
    log,
    version: "0.0.0-test",
  });
  const server = await startAdminServer({ host: "127.0.0.1", port: 0, app, log });
  if (!server.ok) throw new Error(server.message);
  const { key } = await createApiKey(parts, { tenant: "default", name: "test" });
  return {
    url: server.url,
    db,
    box,
    key,
    metrics,
    logged,
    wakes: () => woken,
    catalog: () => catalog,
    call: (method, path, body, as = key) => call(server.url, method, path, body, as),
    keyOf: async (tenant) => {
      await db.pool.query("INSERT INTO holdfast.tenant VALUES ($1, now()) ON CONFLICT DO NOTHING", [tenant]);
      return (await createApiKey(parts, { tenant, name: "test" })).key;
    },
    close: async () => {
      await server.close();
      // A test may have closed it already, to see what the API says then.
      await db.close().catch(() => {});
      await database.drop();
    },
  };
}

/** What a test does in the middle of a transaction may itself take as long as one may, during which its session is idle. */
const MEANWHILE_MS = 60_000;
const PATIENTLY = `SET LOCAL idle_in_transaction_session_timeout = ${MEANWHILE_MS}`;

function watchDatabase(db: Database, around: Around): Database {
  const watched = async <T>(work: (tx: Transaction) => Promise<T>, tx: Transaction): Promise<T> => {
    await tx.client.query(PATIENTLY);
    return work({ ...tx, run: (statement, values) => around(statement.name, () => tx.run(statement, values)) });
  };
  return {
    ...db,
    run: (statement, values) => around(statement.name, () => db.run(statement, values)),
    transaction: (work, deadlineMs) =>
      around("BEGIN", () => db.transaction((tx) => watched(work, tx), Math.max(deadlineMs, MEANWHILE_MS))),
  };
}

async function call(url: string, method: string, path: string, body: unknown, key: string): Promise<Answer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  // A stream has no end: that it was opened is the answer.
  const isStream = /event-stream/.test(response.headers.get("content-type") ?? "");
  if (isStream) await response.body?.cancel();
  const bytes = isStream ? Buffer.alloc(0) : Buffer.from(await response.arrayBuffer());
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  const parsed: unknown = isJson ? JSON.parse(bytes.toString("utf8")) : null;
  if (isJson && response.ok) holdAgainstSchema(method, path, parsed);
  return { status: response.status, headers: response.headers, body: parsed, bytes };
}

/** What is documented is what is answered: no field more, none less, none of another type. */
function holdAgainstSchema(method: string, path: string, body: unknown): void {
  const place = path.split("?")[0]!;
  const operation = adminOperations.find(
    (candidate) =>
      candidate.method.toUpperCase() === method &&
      new RegExp(`^${candidate.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(place),
  );
  if (operation === undefined) throw new Error(`no operation is documented for ${method} ${place}`);
  const read = operation.answer.parse(body);
  if (!isDeepStrictEqual(read, body)) {
    throw new Error(`the answer of ${method} ${place} has fields that are not documented: ${JSON.stringify(body)}`);
  }
}
