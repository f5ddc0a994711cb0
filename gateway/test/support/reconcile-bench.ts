import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sign } from "@holdfast/verify";
import { onTestFinished } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { checkDefinition } from "../../src/domain/definition.ts";
import type { LogWindow, Reconciliation } from "../../src/domain/reconciliation.ts";
import { createRecorder } from "../../src/engine/recorder.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import type { Arrival } from "../../src/pipeline/arrival.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { draftEvent } from "../../src/pipeline/draft-event.ts";
import { verifyArrival } from "../../src/pipeline/verify-arrival.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { createEgress } from "../../src/platform/egress/create-egress.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import type { Connector } from "../../src/recovery/connectors/connector.ts";
import { openConnector } from "../../src/recovery/connectors/open-connector.ts";
import type { ReconcilerDeps } from "../../src/recovery/reconcile.ts";
import { reconcileNext } from "../../src/recovery/reconcile.ts";
import { startReconciliation } from "../../src/recovery/start-reconciliation.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import { openDatabase } from "../../src/store/database.ts";
import type { Database } from "../../src/store/database.ts";
import type { RunRow } from "../../src/store/reconciliations/runs.ts";
import { findRun } from "../../src/store/reconciliations/runs.ts";
import { loadSetups } from "../../src/store/reconciliations/setups.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { testDatabase } from "./database.ts";
import { GITHUB_SECRET } from "./fake-github.ts";

export const STRIPE_SECRET = "whsec_of_the_tests_at_least_24_bytes";

/** What a crash is: thrown where a process would have been killed. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** A database with a source for each fake, a door for live traffic, and reconciliations that a test carries on by hand. */
export interface Bench {
  readonly db: Database;
  readonly deps: ReconcilerDeps & { readonly clock: Clock };
  readonly metrics: ReturnType<typeof createMetrics>;
  /** Every line that was logged, as JSON text. */
  readonly logged: string[];
  readonly doorUrl: string;
  /** While false the door answers 503, as an outage of ours does. */
  isOpen: boolean;
  /** Kills at the n-th step that leaves the process (from 1), before it or after its effect; null: never. */
  killAt: { readonly step: number; readonly after: boolean } | null;
  steps: number;
  query<Row extends Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  setup(name: string): Promise<Reconciliation>;
  start(name: string, window: LogWindow | null): Promise<RunRow>;
  /** Carries runs on until this one has ended, with the clock put forward over every wait. */
  carryOn(id: string): Promise<RunRow>;
  /** Moves the clock of the gateway. */
  wait(ms: number): void;
  now(): Date;
  /** Posts a webhook to the door. */
  post(path: string, headers: readonly (readonly [string, string])[], body: Buffer): Promise<number>;
  postStripe(body: string): Promise<number>;
}

export async function openBench(
  reconciliations: Readonly<Record<string, unknown>>,
  dataDir = "/nonexistent",
): Promise<Bench> {
  const database = await testDatabase();
  const logged: string[] = [];
  const line = (fields: Readonly<Record<string, unknown>>, text: string): void =>
    void logged.push(JSON.stringify({ ...fields, text }));
  const log = { debug: line, info: line, warn: line, error: line };
  const pool = {
    url: database.url,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    applicationName: "bench",
    log,
  };
  const db = openDatabase({ ...pool, connectionsMax: 4 });
  const recordDb = openDatabase({ ...pool, connectionsMax: 2, pipelined: true });
  await ensurePartitions(db, Date.now(), 1);
  const box = createSecretsBox({ keys: [{ id: "test", key: randomBytes(32) }] });
  let aheadMs = 0;
  const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() };
  const policy = { allowCidrs: ["127.0.0.1/32"] };
  const checked = checkDefinition(declare(reconciliations), definitionCheckers(policy));
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  const applied = await applyDefinition({ db, box, clock, random: randomBytes }, checked.definition, {
    origin: "file",
    dryRun: false,
  });
  if (!applied.ok) throw new Error(JSON.stringify(applied));
  const index = indexCatalog(await loadCatalog(db, box));
  const metrics = createMetrics("test");
  const limits = { lanes: 2, deadlineMs: 20_000, queueItemsMax: 10_000, queueBytesMax: 64 * 1_048_576 };
  const realClock = { now: () => new Date(), monotonicMs: () => performance.now() };
  const recorder = createRecorder({
    db: recordDb,
    clock: realClock,
    metrics,
    ranks: createFairQueue(),
    ...limits,
    onRecorded: () => {},
  });
  const egress = createEgress({ policy, log });

  // Whatever leaves the process is a step at which it can be killed.
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    const step = ++bench.steps;
    // Whoever is dead does nothing more, not even tell what it died of.
    if (bench.killAt !== null && step > bench.killAt.step) throw new Killed();
    const isHere = bench.killAt?.step === step;
    if (isHere && bench.killAt?.after === false) throw new Killed();
    const value = await work();
    if (isHere) throw new Killed();
    return value;
  };
  const watched = (connector: Connector): Connector => ({
    list: (...given) => guard(() => connector.list(...given)),
    fetch: connector.fetch === null ? null : (entry) => guard(() => connector.fetch!(entry)),
    redeliver: connector.redeliver === null ? null : (entry) => guard(() => connector.redeliver!(entry)),
  });
  const deps: Bench["deps"] = {
    db: {
      ...db,
      run: (statement, values) =>
        statement.name === "release_reconciliation_run" && bench.killAt !== null
          ? Promise.reject(new Killed())
          : db.run(statement, values),
      transaction: (work, deadlineMs) => guard(() => db.transaction(work, deadlineMs)),
    },
    clock,
    databaseNow: () => clock.now(),
    syncTime: () => null,
    random: randomBytes,
    box,
    log,
    metrics,
    record: (draft) =>
      guard(async () => {
        const recorded = await recorder.submit([draft]);
        return recorded.ok ? { ok: true as const, value: recorded.value[0]! } : recorded;
      }),
    findSource: (id) => index.findSource(index.findSourceById(id)!.key),
    openConnector: async (setup) => {
      const opened = await openConnector({ egress, clock, dataDir }, setup);
      return opened.ok ? { ok: true, connector: watched(opened.connector) } : opened;
    },
  };

  const take = async (arrival: Arrival): Promise<number> => {
    if (!bench.isOpen) return 503;
    const ready = index.findSource(arrival.url.slice("/in/".length));
    if (ready === null) return 404;
    const verification = verifyArrival(ready, arrival, null);
    if (verification.kind !== "verified") return 401;
    const recorded = await recorder.submit([draftEvent(ready, arrival, verification.verdict, randomBytes)]);
    return recorded.ok ? 200 : 503;
  };
  const door = createServer((request, response) => {
    void readAll(request).then(async (body) => {
      const headers = pairs(request.rawHeaders);
      const arrival = {
        method: "POST",
        url: request.url ?? "",
        headers,
        body,
        remoteAddress: "127.0.0.1",
        receivedAt: new Date(),
      };
      response.writeHead(await take(arrival)).end();
    });
  });
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  onTestFinished(async () => {
    door.close();
    door.closeAllConnections();
    await egress.close();
    await recorder.drain();
    await Promise.all([db.close(), recordDb.close()]);
    await database.drop();
  });

  const bench: Bench = {
    db,
    deps,
    metrics,
    logged,
    doorUrl: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    isOpen: true,
    killAt: null,
    steps: 0,
    query: async <Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
      (await db.pool.query<Row>(text, [...values])).rows,
    setup: async (name) => (await loadSetups(db, box)).find((setup) => setup.name === name)!,
    start: async (name, window) => {
      const started = await startReconciliation({ ...bench.deps, db }, await bench.setup(name), {
        cause: "requested",
        startedBy: "a test",
        window,
      });
      if (started.kind !== "started") throw new Error(JSON.stringify(started));
      return started.run;
    },
    carryOn: async (id) => {
      for (;;) {
        const run = (await db.run(findRun, ["default", id])).rows[0]!;
        if (run.finished_at !== null) return run;
        if (run.due_at > clock.now()) aheadMs += run.due_at.getTime() - clock.now().getTime() + 1;
        // What held the lease was killed: it runs out.
        if (!(await reconcileNext(deps, () => false))) aheadMs += 1_000;
      }
    },
    wait: (ms) => void (aheadMs += ms),
    now: () => clock.now(),
    post: async (path, headers, body) =>
      (
        await fetch(bench.doorUrl + path, {
          method: "POST",
          headers: headers.map(([name, value]) => [name, value]),
          body,
        })
      ).status,
    postStripe: (text) => {
      const body = Buffer.from(text);
      const headers: [string, string][] = [["content-type", "application/json"]];
      const request = { method: "POST", url: "http://door.test/in/stripe-key", headers, body };
      return bench.post(
        "/in/stripe-key",
        [...headers, ...sign({ provider: "stripe", receiver: { secrets: [STRIPE_SECRET] }, request, now: new Date() })],
        body,
      );
    },
  };
  return bench;
}

function declare(reconciliations: Readonly<Record<string, unknown>>): object {
  return {
    sources: {
      stripe: { provider: "stripe", key: "stripe-key", secrets: [STRIPE_SECRET] },
      github: { provider: "github", key: "github-key", secrets: [GITHUB_SECRET] },
      svix: { provider: "svix", key: "svix-source-key", secrets: [`whsec_${Buffer.alloc(32, 7).toString("base64")}`] },
    },
    destinations: { app: { url: "https://app.example/webhooks" } },
    routes: ["stripe", "github", "svix"].map((source) => ({ source, destination: "app" })),
    reconciliations,
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!]);
  return list;
}
