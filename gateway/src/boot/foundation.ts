import { randomUUID } from "node:crypto";
import type { GatewayConfig } from "../config.ts";
import { OWN_CONNECTIONS } from "../config/connections.ts";
import type { Catalog } from "../domain/catalog.ts";
import type { CatalogWatch } from "../engine/catalog-watch.ts";
import { watchCatalog } from "../engine/catalog-watch.ts";
import type { DatabaseClock, SteadyClock } from "../engine/database-clock.ts";
import { createDatabaseClock, keepTime } from "../engine/database-clock.ts";
import type { Hints } from "../engine/hints.ts";
import { openHints } from "../engine/hints.ts";
import type { Candidacy, Leader } from "../engine/leader.ts";
import { CARETAKERS, LEAD_MS, startCandidacy } from "../engine/leader.ts";
import type { Loop } from "../engine/loop.ts";
import type { ProcessWatch } from "../engine/process-watch.ts";
import { watchProcesses } from "../engine/process-watch.ts";
import type { RecentEvents } from "../engine/recent-events.ts";
import { createRecentEvents } from "../engine/recent-events.ts";
import type { VirtualTime } from "../engine/virtual-time.ts";
import { openVirtualTime } from "../engine/virtual-time.ts";
import type { SafetyWatch } from "../engine/watch-safety.ts";
import { watchSafety } from "../engine/watch-safety.ts";
import type { ChangedThing } from "../pipeline/apply-definition.ts";
import { applyDefinition, nameThing } from "../pipeline/apply-definition.ts";
import type { Clock } from "../platform/clock.ts";
import { systemClock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { beginSource, createMetrics } from "../platform/metrics.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import { createRandom } from "../platform/random.ts";
import { createSecretsBox, loadMasterKey } from "../platform/secrets-box.ts";
import type { Database, DatabaseOptions } from "../store/database.ts";
import { openDatabase } from "../store/database.ts";
import type { Store } from "../store/open-store.ts";
import { openStore } from "../store/open-store.ts";
import { ensurePartitions } from "../store/upkeep/ensure-partitions.ts";
import { VERSION } from "../version.ts";
import { PARTITION_DAYS_AHEAD, startDuties } from "./leader-duties.ts";
import type { StartFault } from "./start-fault.ts";
import { startFault } from "./start-fault.ts";

/** What every role stands on. */
export interface Foundation {
  readonly ok: true;
  readonly store: Store;
  /** The pool of everything that is not on the path of an event. */
  readonly base: Database;
  readonly box: SecretsBox;
  readonly clock: Clock;
  readonly databaseClock: SteadyClock;
  readonly random: (bytes: number) => Uint8Array;
  readonly metrics: Metrics;
  readonly catalog: CatalogWatch;
  /** What the door has recorded and a worker of this process delivers. */
  readonly recent: RecentEvents;
  /** The fair queue: gives ranks to what begins to wait. */
  readonly ranks: VirtualTime;
  readonly safety: SafetyWatch;
  /** Whether this process does what one process does for all. */
  readonly leader: Leader;
  /** Who else works on this database. */
  readonly processes: ProcessWatch;
  /** Word to and from the other processes. */
  readonly hints: Hints;
  /** A pool of its own for a role, closed with the foundation. */
  openPool(name: string, connectionsMax: number, statementTimeoutMs: number, more?: PoolExtras): Database;
  /** The start is over: from now on nobody waits for a connection longer than an answer may take. */
  started(): void;
  /** Destroys every connection, so that nothing waits for a database that does not answer. */
  cut(): void;
  close(): Promise<void>;
}

export interface PoolExtras extends Pick<DatabaseOptions, "pipelined" | "plans" | "keptOpen"> {
  /** How long to wait for a connection, be it a new one or one that others hold. */
  readonly connectTimeoutMs?: number;
}

const CARETAKER_STATEMENT_MS = 60_000;
/** Half of what a lease lasts: one renewal that hangs is given up in time for the next. */
const LEAD_STATEMENT_MS = LEAD_MS / 2;
const CONNECT_TIMEOUT_MS = 1_500;
/** While it starts nobody waits for an answer yet, and to give up means that the whole process does. */
const START_CONNECT_TIMEOUT_MS = 10_000;
const RECENT_BYTES = 16_777_216;

/** Opens the database, makes what must be there, applies the declared configuration, and starts watching. */
export async function layFoundation(
  config: GatewayConfig,
  log: Log,
  onProgress: (text: string) => void,
  databaseFolder: string | null = null,
): Promise<Foundation | StartFault> {
  const store = await openStore({ ...config, log, onProgress, databaseFolder });
  if (!store.ok) return store;
  // After the database: the embedded one claims the folder first, so two starts cannot both make a key.
  const key = await loadMasterKey({
    value: config.secretKey ?? undefined,
    file: config.secretKeyFile ?? undefined,
    dataDir: config.dataDir,
    holdsSealed: store.holdsSealed,
  });
  if (!key.ok) {
    await store.stop();
    return startFault("secret_key", key.fault, key.remedy ?? "See docs/configuration.md, secretKey.");
  }
  const pools = createPools(store.url, log);
  const close = async (): Promise<void> => {
    await pools.close();
    await store.stop();
  };
  const base = pools.open("base", config.admin.databaseConnections, 10_000);
  const parts = {
    clock: systemClock,
    random: createRandom(),
    box: createSecretsBox({ keys: key.keys }),
    metrics: createMetrics(VERSION),
    databaseClock: createDatabaseClock(base, systemClock),
    recent: createRecentEvents(systemClock, delivers(config) ? RECENT_BYTES : 0),
  };
  try {
    await parts.databaseClock.sync();
    await ensurePartitions(base, systemClock.now().getTime(), PARTITION_DAYS_AHEAD);
    const fault = await applyDeclared(config, { ...parts, db: base }, log);
    if (fault !== null) {
      await close();
      return fault;
    }
    const caretakerDb = pools.open("caretaker", OWN_CONNECTIONS.caretaker, CARETAKER_STATEMENT_MS);
    const leadDb = pools.open("lead", OWN_CONNECTIONS.lead, LEAD_STATEMENT_MS);
    const watches = await startWatches(config, { ...parts, url: store.url, base, caretakerDb, leadDb, log });
    return {
      ok: true,
      store,
      base,
      ...parts,
      ...watches,
      openPool: pools.open,
      started: pools.started,
      cut: pools.cut,
      close: () => stopAll(watches, close),
    };
  } catch (error) {
    await close();
    const remedy = "Run `holdfast doctor`; the log has the rest.";
    return startFault("start_failed", `the database failed while starting: ${messageOf(error)}`, remedy);
  }
}

/** Whether this process delivers what it takes in. */
function delivers({ roles }: GatewayConfig): boolean {
  return roles.includes("ingest") && roles.includes("worker");
}

interface Watches {
  readonly catalog: CatalogWatch;
  readonly ranks: VirtualTime;
  readonly safety: SafetyWatch;
  readonly leader: Candidacy;
  readonly processes: ProcessWatch;
  readonly hints: Hints;
  readonly time: Loop;
  readonly stopDuties: () => Promise<void>;
}

async function stopAll(watches: Watches, close: () => Promise<void>): Promise<void> {
  watches.catalog.stop();
  await watches.hints.stop();
  await watches.stopDuties();
  await watches.ranks.stop();
  await watches.leader.stop();
  await watches.processes.stop();
  await watches.safety.stop();
  await watches.time.stop();
  await close();
}

interface Pools {
  readonly open: Foundation["openPool"];
  started(): void;
  cut(): void;
  close(): Promise<void>;
}

function createPools(url: string, log: Log): Pools {
  const pools: Database[] = [];
  let connectTimeoutMs = START_CONNECT_TIMEOUT_MS;
  return {
    open: (name, connectionsMax, statementTimeoutMs, more = {}) => {
      const applicationName = `holdfast ${name}`;
      const limits = { connectionsMax, connectTimeoutMs, statementTimeoutMs };
      const pool = openDatabase({ url, ...limits, applicationName, log, ...more });
      pools.push(pool);
      return pool;
    },
    started: () => {
      connectTimeoutMs = CONNECT_TIMEOUT_MS;
      for (const { pool } of pools)
        if (pool.options.connectionTimeoutMillis === START_CONNECT_TIMEOUT_MS)
          pool.options.connectionTimeoutMillis = CONNECT_TIMEOUT_MS;
    },
    cut: () => {
      for (const pool of pools) pool.cut();
    },
    close: async () => {
      await Promise.all(pools.map((pool) => pool.close().catch(() => {})));
    },
  };
}

interface WatchDeps {
  readonly url: string;
  readonly base: Database;
  readonly caretakerDb: Database;
  readonly leadDb: Database;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly box: SecretsBox;
  readonly metrics: Metrics;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
}

async function startWatches(config: GatewayConfig, deps: WatchDeps): Promise<Watches> {
  const { url, base, caretakerDb, leadDb, ...parts } = deps;
  const id = randomUUID();
  const lead = { ...parts, db: leadDb };
  const onRead = ({ sources }: Catalog): void => {
    if (!config.roles.includes("ingest")) return;
    for (const { name, state } of sources) if (state === "active") beginSource(parts.metrics, name);
  };
  const catalog = await watchCatalog({ ...parts, db: base, onRead });
  const processes = await watchProcesses(lead, { id, roles: config.roles, version: VERSION });
  const leader = await startCandidacy(lead, { name: CARETAKERS, holder: id, leadMs: LEAD_MS });
  return {
    catalog,
    ranks: await openVirtualTime({ db: base, log: parts.log }),
    safety: watchSafety({ ...parts, db: base }),
    processes,
    hints: openHints({ url, id, hasOthers: () => processes.live().length > 1, log: deps.log }),
    leader,
    time: keepTime(parts.databaseClock, parts.clock, parts.log),
    stopDuties: startDuties({ ...parts, db: caretakerDb, leader, processes }, config.retention),
  };
}

async function applyDeclared(
  config: GatewayConfig,
  deps: Parameters<typeof applyDefinition>[0],
  log: Log,
): Promise<StartFault | null> {
  if (config.definition === null) return null;
  const applied = await applyDefinition(deps, config.definition, { origin: config.definitionOrigin, dryRun: false });
  if (applied.ok) {
    const { created, updated, disabled } = applied.plan;
    const changes = {
      created: created.map(nameThing),
      updated: updated.map(tellChange),
      disabled: disabled.map(nameThing),
    };
    if (created.length + updated.length + disabled.length > 0)
      log.info(changes, "the declared configuration was applied");
    return null;
  }
  if (applied.cause === "database")
    return startFault(
      "apply_failed",
      `the configuration could not be stored: ${applied.message}`,
      `${applied.unknown ? "It is not known whether it was" : "Nothing was changed"}; start again.`,
    );
  if (applied.cause === "stale") throw new Error("a start has seen nothing that it could hold a change against");
  const lines = applied.faults.map((fault) => `${fault.path}: ${fault.problem}`);
  return startFault("invalid_configuration", lines.join("\n"), "Mend the configuration file and start again.");
}

function tellChange(thing: ChangedThing): string {
  return `${nameThing(thing)} (${thing.fields.join(", ")})`;
}
