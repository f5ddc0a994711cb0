import type { GatewayConfig } from "../config.ts";
import { DEFAULT_TIMEOUT_MS } from "../domain/catalog.ts";
import type { ConfigFault } from "./config-fault.ts";

/** After the longest attempt a worker needs this long to settle it before its lease may end. */
export const LEASE_MARGIN_MS = 15_000;

/** The rules that no single value can break: each of these values is fine, together they are not. */
export function checkWhole(config: GatewayConfig): ConfigFault[] {
  return [...checkLease(config), ...checkPorts(config), ...checkKeys(config), ...checkRoles(config)];
}

/** A lease that ends during an attempt would have a second worker deliver at the same time. */
function* checkLease(config: GatewayConfig): Generator<ConfigFault> {
  const { leaseMs, pollMs } = config.worker;
  let longest = { path: "the default timeout", timeoutMs: DEFAULT_TIMEOUT_MS };
  for (const [name, destination] of Object.entries(config.definition?.destinations ?? {})) {
    const timeoutMs = destination.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (timeoutMs > longest.timeoutMs) longest = { path: `destinations.${name}.timeoutMs`, timeoutMs };
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
  const bothServe = roles.includes("ingest") && roles.includes("admin");
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
  if (config.roles.length === 0) yield { path: "roles", problem: "is empty; a gateway needs at least one role" };
}
