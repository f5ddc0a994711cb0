import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { GatewayConfig } from "../../src/config.ts";
import { loadConfig } from "../../src/config.ts";
import type { RunningGateway } from "../../src/main.ts";
import { startGateway } from "../../src/main.ts";
import type { Log } from "../../src/platform/log.ts";
import type { Database } from "../../src/store/database.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { TestDatabase } from "./database.ts";
import { openTestPool, testDatabase } from "./database.ts";
import { until } from "./embedded.ts";
import type { EventToRecord } from "./recorded-events.ts";
import { recordOne } from "./recorded-events.ts";
import { UNHURRIED } from "./unhurried.ts";

/** A database with one source, and what a test asks of it beside the gateway. */
export interface Desk {
  readonly database: TestDatabase;
  readonly db: Database;
  /** When it was opened. It has the days around that, also when midnight (UTC) passes during the test. */
  readonly openedMs: number;
  query<Row extends Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Records an event of the source `payments` for destinations by their names. Gives the ids of its deliveries. */
  record(event: Partial<EventToRecord> & { readonly to: readonly string[] }): Promise<string[]>;
  /** Waits until a delivery has finished. */
  finished(id: string): Promise<{ state: string; reason: string | null; attempt: number }>;
  /** Waits until a delivery waits in this state. */
  waiting(id: string, state: string): Promise<Unfinished>;
  attempts(id: string): Promise<AttemptRow[]>;
  /** Makes what is scheduled due now: schedules are counted in seconds at least. */
  hurry(): Promise<void>;
}

export interface Unfinished {
  readonly state: string;
  readonly attempt: number;
  readonly refusals: number;
  readonly held_reason: string | null;
  readonly due_at: Date | null;
  readonly lease_until: Date | null;
}

export interface AttemptRow {
  readonly id: string;
  readonly number: number;
  readonly outcome: string;
  readonly status: number | null;
  readonly detail: string | null;
  readonly next_state: string;
  readonly next_due_at: Date | null;
  readonly started_at: Date;
  readonly duration_ms: number;
  readonly worker: string;
}

/** What the source `payments` verifies with. */
export const SOURCE_SECRET = "whsec_of_the_tests_at_least_24_bytes";

const SECRET_KEY = randomBytes(32).toString("base64");
let named = 0;

/** A database of the test's own, dropped after it. */
export async function openDesk(): Promise<Desk> {
  const database = await testDatabase();
  const db = openTestPool(database, 3, { statementTimeoutMs: 30_000, applicationName: "desk" });
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  const openedMs = Date.now();
  await ensurePartitions(db, openedMs, 1);
  const query: Desk["query"] = async <Row extends Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
  ) => (await db.pool.query<Row>(text, [...values])).rows;
  return {
    database,
    db,
    openedMs,
    query,
    record: async ({ to, ...event }) => {
      const [source] = await query<{ id: string }>("SELECT id FROM holdfast.source WHERE name = 'payments'");
      const found = await query<{ id: string; name: string }>("SELECT id, name FROM holdfast.destination");
      const destinationIds = to.map((name) => found.find((row) => row.name === name)!.id);
      const recorded = { sourceId: source!.id, providerId: `evt_${++named}`, destinationIds, ...event };
      return (await recordOne(db, recorded)).deliveryIds;
    },
    finished: (id) =>
      first(() => query("SELECT state, reason, attempt FROM holdfast.finished_delivery WHERE id = $1", [id])),
    waiting: (id, state) =>
      first(() =>
        query<Unfinished & Record<string, unknown>>(
          `SELECT state, attempt, refusals, held_reason, due_at, lease_until FROM holdfast.delivery
            WHERE id = $1 AND state = $2`,
          [id, state],
        ),
      ),
    attempts: (id) =>
      query<AttemptRow & Record<string, unknown>>(
        `SELECT id, number, outcome, status, detail, next_state, next_due_at, started_at, duration_ms, worker
           FROM holdfast.attempt WHERE delivery_id = $1 ORDER BY number, id`,
        [id],
      ),
    hurry: async () => {
      await query("UPDATE holdfast.delivery SET due_at = now() - interval '1 s' WHERE state = 'scheduled'");
    },
  };
}

async function first<Row>(ask: () => Promise<Row[]>): Promise<Row> {
  let found: Row[] = [];
  await until(async () => (found = await ask()).length > 0);
  return found[0]!;
}

/** A gateway of this process that delivers and takes nothing in. */
export interface DeliveryGateway {
  readonly gateway: RunningGateway;
  readonly config: GatewayConfig;
  /** Every line that was logged. */
  readonly logged: Record<string, unknown>[];
  /** The lines of attempts. */
  attemptLines(): Record<string, unknown>[];
  metric(name: string, label?: string): Promise<number>;
}

export interface DeliveryGatewayOptions {
  readonly destinations?: Readonly<Record<string, unknown>>;
  readonly routes?: readonly unknown[];
  readonly reconciliations?: Readonly<Record<string, unknown>>;
  readonly handlers?: GatewayConfig["handlers"];
  /** Values that no file may have, such as a lease of a second. */
  readonly worker?: Partial<GatewayConfig["worker"]>;
  readonly drainTimeoutMs?: number;
  readonly databaseUrl?: string;
  readonly secretKey?: string;
  readonly dataDir?: string;
}

/** Reads a configuration as a file would give it: a source `payments`, these destinations, and the loopback opened. */
export async function deliveryConfig(
  desk: Pick<Desk, "database"> | null,
  options: DeliveryGatewayOptions,
): Promise<GatewayConfig> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "holdfast-case-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const content = {
    dataDir,
    ...(desk === null ? {} : { databaseUrl: options.databaseUrl ?? desk.database.url }),
    roles: ["worker", "admin"],
    // What the file may not say is said in `worker`, after it is checked.
    worker: { leaseMs: 3_600_000 },
    port: 0,
    adminPort: 0,
    // Several processes share the database, so they share the key that sealed its secrets.
    secretKey: options.secretKey ?? SECRET_KEY,
    drainTimeoutMs: options.drainTimeoutMs ?? 4_000,
    ...UNHURRIED,
    egress: { allowCidrs: ["127.0.0.1/32"] },
    sources: {
      payments: { provider: "stripe", key: "payments-key", secrets: [SOURCE_SECRET] },
    },
    ...(options.reconciliations === undefined ? {} : { reconciliations: options.reconciliations }),
    ...(options.destinations === undefined ? {} : { destinations: options.destinations, routes: options.routes ?? [] }),
    // The file must hold what it names; the process of the test may lack it.
    handlers: { keep: () => {}, stuck: () => {}, poison: () => {}, ...options.handlers },
  };
  const loaded = await loadConfig({ flags: {}, env: {}, cwd: dataDir, content });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const worker = { ...loaded.config.worker, leaseMs: 90_000, pollMs: 25, ...options.worker };
  const definition = options.destinations === undefined ? null : loaded.config.definition;
  return { ...loaded.config, worker, definition, handlers: options.handlers ?? {} };
}

/** Starts it, and drains it after the test. Without destinations it takes the catalog as it is. */
export async function startDeliveries(desk: Desk, options: DeliveryGatewayOptions = {}): Promise<DeliveryGateway> {
  const config = await deliveryConfig(desk, options);
  const logged: Record<string, unknown>[] = [];
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, text: string) =>
    void logged.push({ ...fields, level, text });
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const started = await startGateway(config, log);
  if (!started.ok) throw new Error(started.message);
  const { gateway } = started;
  onTestFinished(() => gateway.drain());
  return {
    gateway,
    config,
    logged,
    attemptLines: () => logged.filter((line) => line["text"] === "delivery attempted"),
    metric: (name, label = "") => readMetric(gateway.adminUrl!, name, label),
  };
}

async function readMetric(adminUrl: string, name: string, label: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => new RegExp(`^${name}(\\{|\\s)`).test(line) && line.includes(label));
  if (lines.length === 0) throw new Error(`there is no metric ${name} ${label}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
