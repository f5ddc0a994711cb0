import type { GatewayConfig } from "../config.ts";

/** What a process opens beside the connections that are configured; whoever opens a pool of these takes its size from here. */
export const OWN_CONNECTIONS = {
  /** What the leader does. */
  caretaker: 2,
  /** The lease and the heartbeat, which wait for no caretaker. */
  lead: 1,
  reconciler: 1,
  reconciliations: 2,
  alerter: 2,
  hints: 1,
  /** The look at what a new session's settings are. */
  safety: 1,
  /** With ingest: beside one for each commit under way. */
  ingest: 1,
  /** With workers; as many as `SETTLE_LANES`. */
  settler: 2,
  replayer: 2,
} as const;

/** How many database connections one process opens at most. */
export function countConnections(
  config: Pick<GatewayConfig, "roles" | "ingest" | "worker" | "admin" | "handlers">,
): number {
  const { caretaker, lead, reconciler, reconciliations, alerter, hints, safety, ...ofRoles } = OWN_CONNECTIONS;
  const always = caretaker + lead + reconciler + reconciliations + alerter + hints + safety;
  const recording = config.roles.includes("ingest") ? config.ingest.databaseConnections + ofRoles.ingest : 0;
  // Handlers hold as many connections again as the worker has.
  const pools = Object.keys(config.handlers).length > 0 ? 2 : 1;
  const working = config.roles.includes("worker")
    ? config.worker.databaseConnections * pools + ofRoles.settler + ofRoles.replayer
    : 0;
  return config.admin.databaseConnections + always + recording + working;
}
