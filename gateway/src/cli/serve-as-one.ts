import cluster from "node:cluster";
import { redactConfig } from "../config/redact-config.ts";
import { isServedOnce } from "../config/roles.ts";
import { COUNT_VARIABLE, FOLDER_VARIABLE, PLACE_VARIABLE } from "../config/variables-of-many.ts";
import type { GatewayConfig } from "../config.ts";
import { createLog } from "../platform/log.ts";
import { keepMemoryLow } from "./keep-memory-low.ts";
import { shareMetrics } from "./share-metrics.ts";
import type { ExitCode, Shell } from "./shell.ts";

/** What a process of many tells the one that started it, once: it serves, or why it does not. */
export type Report =
  | {
      readonly ready: true;
      readonly ingestUrl: string | null;
      readonly adminUrl: string | null;
      readonly metricsUrl: string | null;
      readonly adminToken: string | null;
      readonly firstKey: boolean;
      /** By the file as it read it, which may be another one than the one that started it did. */
      readonly drainTimeoutMs: number;
    }
  | {
      readonly ready: false;
      readonly fault: { readonly code: string; readonly message: string; readonly remedy: string };
    };

/** Whether this process was started by {@link serveMany}. */
export function isOneOfMany(): boolean {
  return cluster.isWorker && process.env[PLACE_VARIABLE] !== undefined;
}

/**
 * Serves as one of several processes on the same ports: they listen through the one that started them. Only the first has
 * the admin API, or the metrics. It ends by SIGTERM, as that one tells it.
 */
export async function serveAsOne(shell: Shell, given: GatewayConfig): Promise<ExitCode> {
  const isFirst = process.env[PLACE_VARIABLE] === "0";
  const roles = isFirst ? given.roles : given.roles.filter((role) => !isServedOnce(role));
  const config: GatewayConfig = { ...given, roles, processes: countOf(given) };
  const stopped = new Promise<void>((resolve) => shell.onStop(resolve));
  // A terminal that goes away tells the whole group; the one that started us decides what that means.
  shell.onRestart(() => {});
  const { startGateway } = await import("../main.ts");
  const log = createLog(config.logLevel);
  log.debug({ config: redactConfig(config) }, "starting");
  const started = await startGateway(config, log, () => {}, process.env[FOLDER_VARIABLE] ?? null);
  if (!started.ok) {
    const { code, message, remedy } = started;
    await report({ ready: false, fault: { code, message, remedy } });
    process.disconnect();
    return 1;
  }
  const { ingestUrl, adminUrl, metricsUrl, adminToken, firstKey } = started.gateway;
  const stopKeeping = keepMemoryLow();
  shareMetrics(started.gateway.metrics);
  process.on("message", (words: object) => {
    if ("replaced" in words) started.gateway.handOver();
  });
  const { drainTimeoutMs } = config;
  await report({ ready: true, ingestUrl, adminUrl, metricsUrl, adminToken, firstKey, drainTimeoutMs });
  await stopped;
  await started.gateway.drain();
  stopKeeping();
  process.disconnect();
  return 0;
}

// One that was started before an upgrade does not tell.
function countOf({ processes }: GatewayConfig): number {
  return Number(process.env[COUNT_VARIABLE] ?? processes);
}

/** What a process of many is told when another one serves in its place, before it is to end. */
export interface Replaced {
  readonly replaced: true;
}

function report(words: Report): Promise<void> {
  return new Promise((resolve) => process.send?.(words, () => resolve()));
}
