import { hostname } from "node:os";
import type { GatewayConfig } from "./config.ts";
import { TIMEOUT_MAX_MS } from "./domain/catalog.ts";
import { SETTLE_LANES } from "./engine/settler.ts";
import type { Engine } from "./engine/start-engine.ts";
import { startEngine } from "./engine/start-engine.ts";
import type { AdminStart } from "./http/admin/start-admin-server.ts";
import { createEgress } from "./platform/egress/create-egress.ts";
import type { Log } from "./platform/log.ts";
import { messageOf } from "./platform/log.ts";
import type { MetricsExchange } from "./platform/metrics-exchange.ts";
import { isServed, removeRunFile, writeRunFile } from "./platform/run-file.ts";
import { BY_INDEX, BY_KEY } from "./store/plans.ts";
import type { Admin } from "./boot/admin.ts";
import { startAdmin } from "./boot/admin.ts";
import type { Foundation } from "./boot/foundation.ts";
import { layFoundation } from "./boot/foundation.ts";
import type { Ingest } from "./boot/ingest.ts";
import { startIngest } from "./boot/ingest.ts";
import { startProbes } from "./boot/probes.ts";
import type { Replayer } from "./boot/replayer.ts";
import { startReplayer } from "./boot/replayer.ts";
import type { Alerter } from "./boot/alerter.ts";
import { startAlerter } from "./boot/alerter.ts";
import type { Reconciler } from "./boot/reconciler.ts";
import { startReconciler } from "./boot/reconciler.ts";
import { shareStop } from "./boot/share-stop.ts";
import type { StartFault } from "./boot/start-fault.ts";
import { startFault } from "./boot/start-fault.ts";

/** A gateway that serves. */
export interface RunningGateway {
  /** Without a trailing slash; null when this process does not have the role. */
  readonly ingestUrl: string | null;
  readonly adminUrl: string | null;
  /** Where /metrics, /healthz and /readyz are: the admin port, with the role `admin` or `metrics`. */
  readonly metricsUrl: string | null;
  readonly adminToken: string | null;
  /** A link that signs a browser in to the dashboard, once; null without the admin role. */
  signInLink(): Promise<string | null>;
  /** Whether the token was made in this start, and is to be shown this once. */
  readonly firstKey: boolean;
  readonly database: {
    readonly kind: "embedded" | "external";
    readonly description: string;
    readonly adopted: boolean;
  };
  /** This process's metrics, and whose else to show with them. */
  readonly metrics: MetricsExchange;
  /** What the catalog holds now, for the terminal. */
  sources(): { readonly name: string; readonly provider: string; readonly url: string }[];
  /**
   * Another process serves on the same ports by now. While this one drains, a balancer that happens to ask it must not take both out of
   * service, so it is not its own end that it tells.
   */
  handOver(): void;
  /** Stops taking, answers what was received, settles or returns what is leased, stops the database; then everything is closed. */
  drain(): Promise<void>;
}

const STATEMENT_MS = 10_000;
/** A handler that finds no free connection within this time gives its delivery back, at no cost. */
const HANDLER_WAIT_MS = 5_000;

export type Start = { readonly ok: true; readonly gateway: RunningGateway } | StartFault;

/**
 * Starts a gateway: the database, the catalog, then each role. What can go wrong by the user's doing is returned with its
 * remedy, and everything that was started is stopped again.
 */
export async function startGateway(
  config: GatewayConfig,
  log: Log,
  onProgress: (text: string) => void = () => {},
  databaseFolder: string | null = null,
): Promise<Start> {
  const foundation = await layFoundation(config, log, onProgress, databaseFolder);
  if (!foundation.ok) return foundation;
  const parts: Parts = {
    foundation,
    egress: null,
    engine: null,
    replayer: null,
    reconciler: null,
    alerter: null,
    ingest: null,
    admin: null,
    probes: null,
    isStopping: false,
    isHandedOver: false,
  };
  try {
    const fault = await startRoles(config, log, parts);
    if (fault === null) {
      const gateway = await present(config, parts);
      foundation.started();
      return { ok: true, gateway };
    }
    await stop(config, parts);
    return fault;
  } catch (error) {
    // An embedded database would outlive this process otherwise.
    await stop(config, parts);
    return startFault(
      "start_failed",
      `the gateway failed while starting: ${messageOf(error)}`,
      "Run `holdfast doctor`.",
    );
  }
}

async function startRoles(config: GatewayConfig, log: Log, parts: Parts): Promise<StartFault | null> {
  const { foundation } = parts;
  const isDraining = (): boolean => parts.isStopping && !parts.isHandedOver;
  // Whoever is told wakes its own workers; this process's are woken at once.
  const wake = (quiet = 0): void => {
    parts.engine?.wake(quiet);
    foundation.hints.tell("ready");
  };
  if (config.roles.includes("worker")) await startWorkers(config, log, parts, wake);
  foundation.hints.on("ready", () => parts.engine?.look());
  parts.reconciler = startReconciler(config, log, foundation, wake);
  parts.alerter = startAlerter(config, log, foundation);
  if (config.roles.includes("ingest")) {
    const hint: Engine["hint"] = (destinationId, orderKey) => parts.engine?.hint(destinationId, orderKey);
    const ingest = await startIngest(config, log, foundation, wake, hint);
    if (!ingest.ok) return ingest;
    parts.ingest = ingest;
  }
  if (config.roles.includes("admin")) {
    const admin = await startAdmin(config, log, foundation, { ingest: parts.ingest, wake, isDraining });
    if (!admin.ok) return admin;
    parts.admin = admin;
  } else if (config.roles.includes("metrics")) {
    const probes = await startProbes(config, log, foundation, isDraining);
    if (!probes.ok) return probes;
    parts.probes = probes;
  }
  return null;
}

/** Writes down where it is, for the commands on this machine, and gives what its owner may ask of it. */
async function present(config: GatewayConfig, parts: Parts): Promise<RunningGateway> {
  const { foundation } = parts;
  const ingestUrl = parts.ingest?.url ?? null;
  const adminUrl = parts.admin?.url ?? null;
  const adminToken = parts.admin?.token ?? null;
  const run = { adminUrl, adminToken, ingestUrl, pid: process.pid, startedAt: new Date() };
  // One without the admin API does not stand in the way of one that has it and lives in the same folder.
  if (adminUrl !== null || !(await isServed(config.dataDir))) await writeRunFile(config.dataDir, run);
  let stopping: Promise<void> | null = null;
  return {
    ingestUrl,
    adminUrl,
    metricsUrl: adminUrl ?? parts.probes?.url ?? null,
    adminToken,
    signInLink: async () => (await parts.admin?.signInLink()) ?? null,
    firstKey: parts.admin?.isNewToken ?? false,
    database: foundation.store,
    metrics: foundation.metrics.exchange,
    sources: () =>
      foundation.catalog
        .current()
        .sources.map(({ name, provider, key }) => ({ name, provider, url: `${ingestUrl ?? ""}/in/${key}` })),
    handOver: () => {
      parts.isHandedOver = true;
    },
    drain: () => {
      stopping ??= stop(config, parts);
      return stopping;
    },
  };
}

interface Parts {
  readonly foundation: Foundation;
  egress: ReturnType<typeof createEgress> | null;
  engine: Engine | null;
  replayer: Replayer | null;
  reconciler: Reconciler | null;
  alerter: Alerter | null;
  ingest: Ingest | null;
  admin: Admin | null;
  probes: Extract<AdminStart, { readonly ok: true }> | null;
  /** Whether it takes nothing in any more. */
  isStopping: boolean;
  /** Whether another process serves in its place. */
  isHandedOver: boolean;
}

async function startWorkers(config: GatewayConfig, log: Log, parts: Parts, wake: () => void): Promise<void> {
  const { foundation } = parts;
  const { databaseConnections } = config.worker;
  const egress = createEgress({ policy: config.egress, log, clock: foundation.clock });
  parts.egress = egress;
  const engine = await startEngine(
    {
      ...foundation,
      egress,
      db: foundation.openPool("worker", databaseConnections, STATEMENT_MS, { plans: BY_INDEX }),
      settleDb: foundation.openPool("settler", SETTLE_LANES, STATEMENT_MS, {
        pipelined: true,
        plans: BY_KEY,
      }),
      handlerDb: foundation.openPool("handlers", databaseConnections, TIMEOUT_MAX_MS, {
        pipelined: true,
        connectTimeoutMs: HANDLER_WAIT_MS,
      }),
      handlers: config.handlers,
      log,
      worker: `${hostname()}:${process.pid}`,
    },
    // The embedded server admits one gateway at a time, so whoever held a lease before is gone.
    { ...config.worker, isOnlyWorker: foundation.store.kind === "embedded" },
  );
  parts.engine = engine;
  parts.replayer = startReplayer(config, log, foundation, { egress, wake });
}

async function stop(config: GatewayConfig, parts: Parts): Promise<void> {
  const { foundation } = parts;
  parts.isStopping = true;
  const shares = shareStop(foundation.clock, config.drainTimeoutMs);
  // Whatever still waits for the database then fails, so that a frozen one cannot keep this process.
  const cutter = setTimeout(() => foundation.cut(), shares.cutMs);
  // First no more arrivals, then no more claims: what was answered is recorded before the workers end.
  await parts.ingest?.drain(shares.doorMs);
  // Together: none needs the others, and while one of them hung the workers would go on claiming what they have no time left for.
  await Promise.all([
    parts.engine?.drain(shares.attemptsMs(), shares.settleMs),
    parts.reconciler?.stop(),
    parts.alerter?.stop(),
    parts.replayer?.stop(),
  ]);
  await parts.admin?.close();
  await parts.probes?.close();
  await parts.egress?.close();
  await removeRunFile(config.dataDir, process.pid);
  await foundation.close();
  clearTimeout(cutter);
}
