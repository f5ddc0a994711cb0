import type { GatewayConfig } from "../config.ts";
import { DEFAULT_TIMEOUT_MS } from "../domain/catalog.ts";
import { shown } from "../domain/field-checks.ts";
import { countConnections } from "./connections.ts";
import type { ConfigFault } from "./config-fault.ts";
import { type Environment, isRecord } from "./read-settings.ts";
import { isServedOnce } from "./roles.ts";
import { FOLDER_VARIABLE } from "./variables-of-many.ts";

/** After the longest attempt a worker needs this long to settle it before its lease may end. */
export const LEASE_MARGIN_MS = 15_000;

/** What the file declares as it stands there: a fault elsewhere in it must not hide one here. */
type Declared = Readonly<Record<string, unknown>> | null;

/** The rules that no single value can break: each of these values is fine, together they are not. */
export function checkWhole(config: GatewayConfig, declared: Declared, env: Environment): ConfigFault[] {
  return [
    ...checkLease(config, declared),
    ...checkPorts(config),
    ...checkKeys(config),
    ...checkRoles(config),
    ...checkConnections(config, env),
    ...checkSignIn(config),
  ];
}

/** A lease that ends during an attempt would have a second worker deliver at the same time. */
function* checkLease(config: GatewayConfig, declared: Declared): Generator<ConfigFault> {
  const { leaseMs, pollMs } = config.worker;
  let longest = { path: "the default timeout", timeoutMs: DEFAULT_TIMEOUT_MS };
  const destinations = declared?.["destinations"];
  for (const [name, destination] of Object.entries(isRecord(destinations) ? destinations : {})) {
    const timeoutMs = isRecord(destination) ? destination["timeoutMs"] : null;
    if (typeof timeoutMs === "number" && timeoutMs > longest.timeoutMs)
      longest = { path: `destinations.${shown(name)}.timeoutMs`, timeoutMs };
  }
  const leastMs = longest.timeoutMs + LEASE_MARGIN_MS;
  if (leaseMs <= leastMs) {
    const sum = `${longest.path} (${longest.timeoutMs}) and ${LEASE_MARGIN_MS}`;
    yield { path: "worker.leaseMs", problem: `is ${leaseMs} and must be more than ${leastMs}: ${sum} to settle` };
  }
  if (pollMs >= leaseMs) yield { path: "worker.pollMs", problem: "must be less than worker.leaseMs" };
}

function* checkPorts(config: GatewayConfig): Generator<ConfigFault> {
  const { host, port, adminHost, adminPort, roles } = config;
  const bothServe = roles.includes("ingest") && roles.some(isServedOnce);
  const everywhere = ["0.0.0.0", "::"];
  const overlap = host === adminHost || everywhere.includes(host) || everywhere.includes(adminHost);
  if (bothServe && port !== 0 && port === adminPort && overlap) {
    yield { path: "adminPort", problem: `is ${adminPort}, the same as port; give them different ports` };
  }
}

function* checkKeys(config: GatewayConfig): Generator<ConfigFault> {
  if (config.secretKey !== null && config.secretKeyFile !== null) {
    yield { path: "secretKey", problem: "and secretKeyFile are both set; keep one of them" };
  }
}

function* checkRoles(config: GatewayConfig): Generator<ConfigFault> {
  if (config.processes > 1 && config.roles.every(isServedOnce) && config.roles.length > 0)
    yield { path: "processes", problem: `is ${config.processes}, but only one process serves on the admin port` };
  if (config.roles.length === 0) yield { path: "roles", problem: "is empty; a gateway needs at least one role" };
}

/** The embedded server admits 60 connections for each process: three are for superusers alone, two are left to the commands. */
const EMBEDDED_CONNECTIONS_MAX = 55;

function* checkConnections(config: GatewayConfig, env: Environment): Generator<ConfigFault> {
  const sum = countConnections(config);
  // A process of many has its address; what it takes and the next start of all would refuse, nobody would hear of until then.
  const isEmbedded = config.databaseUrl === null || env[FOLDER_VARIABLE] !== undefined;
  if (isEmbedded && sum > EMBEDDED_CONNECTIONS_MAX) {
    const others = "those of worker and admin, and the process's own";
    const problem = `with ${others} are ${sum} in all; the embedded database has room for ${EMBEDDED_CONNECTIONS_MAX}`;
    yield { path: "ingest.databaseConnections", problem };
  }
}

function* checkSignIn({ oidc, adminHost, adminPublicUrl, roles }: GatewayConfig): Generator<ConfigFault> {
  if (oidc === null || !roles.includes("admin")) return;
  if (oidc.clientId === "") yield { path: "oidc.clientId", problem: "is missing; oidc.issuer needs it" };
  const isLoopback = adminHost === "localhost" || adminHost === "::1" || adminHost.startsWith("127.");
  if (adminPublicUrl === null && !isLoopback) {
    const problem = `is missing; with oidc.issuer and adminHost ${adminHost} it says where people come back to`;
    yield { path: "adminPublicUrl", problem };
  }
}
