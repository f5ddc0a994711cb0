import { redactConfig } from "../config/redact-config.ts";
import type { GatewayConfig } from "../config.ts";
import type { RunningGateway } from "../main.ts";
import { createLog } from "../platform/log.ts";
import { keepMemoryLow } from "./keep-memory-low.ts";
import { complain, type ExitCode, printJson, type Shell } from "./shell.ts";

/** How a command that serves presents itself. */
export interface Presentation {
  readonly json: boolean;
  /** Shows a link that signs a browser in: for a gateway on the user's own machine. */
  readonly withLink?: boolean;
  /** Lines after the addresses: what else there is, and the commands to try next. */
  readonly guide: (gateway: RunningGateway) => readonly string[];
  /** Fields beside the addresses in the ready line of `--json`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * Starts a gateway, says where it is, and keeps it until a signal. SIGINT, SIGTERM and SIGHUP drain it; a
 * signal during the start takes effect as soon as the start is through, a second one ends the process at once.
 */
export async function serve(shell: Shell, config: GatewayConfig, presentation: Presentation): Promise<ExitCode> {
  const stopped = untilStopped(shell);
  const { startGateway } = await import("../main.ts");
  const onProgress = (text: string) => shell.note(presentation.json ? JSON.stringify({ progress: text }) : text);
  const log = createLog(config.logLevel);
  log.debug({ config: redactConfig(config) }, "starting");
  const started = await startGateway({ ...config, processes: 1 }, log, onProgress);
  if (!started.ok) {
    const { code, message, remedy } = started;
    return complain(shell, { problem: message, remedy, badInput: BAD_INPUT_CODES.has(code) }, presentation.json);
  }
  const { gateway } = started;
  const stopKeeping = keepMemoryLow();
  const dashboardUrl = presentation.withLink === true ? await gateway.signInLink() : null;
  announce(shell, config, gateway, { ...presentation, guide: presentation.guide(gateway), dashboardUrl });
  const code = await stopped;
  if (!presentation.json) shell.note("Stopping: finishing what is under way (once more to stop at once) …");
  await gateway.drain();
  stopKeeping();
  return code;
}

/** Resolves, with the code to end with, when the process is told to stop or nobody can read any more what it prints. */
export function untilStopped(shell: Shell): Promise<ExitCode> {
  return new Promise((resolve) => {
    shell.onStop(() => resolve(0));
    shell.onBrokenOutput(resolve);
  });
}

/** Faults of the start that another input avoids; the others are failures of the machine or the database. */
export const BAD_INPUT_CODES: ReadonlySet<string> = new Set([
  "port_busy",
  "port_forbidden",
  "address_unavailable",
  "data_dir_in_use",
  "database_url_malformed",
  "secret_key",
  "invalid_configuration",
]);

/** What is said of a gateway that serves. */
export type Addresses = Pick<RunningGateway, "ingestUrl" | "adminUrl" | "metricsUrl" | "adminToken" | "firstKey"> & {
  readonly database: Pick<RunningGateway["database"], "description" | "adopted">;
};

/** Says where a gateway is: one line of JSON, or lines for people. */
export function announce(
  shell: Shell,
  config: GatewayConfig,
  gateway: Addresses,
  presentation: Omit<Presentation, "guide"> & {
    readonly guide: readonly string[];
    readonly dashboardUrl: string | null;
  },
): void {
  const { ingestUrl, adminUrl, metricsUrl, adminToken } = gateway;
  const { dashboardUrl } = presentation;
  if (presentation.json) {
    const link = dashboardUrl === null ? {} : { dashboardUrl };
    return printJson(shell, {
      ready: true,
      ingestUrl,
      adminUrl,
      metricsUrl,
      adminToken,
      ...link,
      ...presentation.extra,
    });
  }
  for (const [name, value] of addressLines(config, gateway))
    shell.print(`  ${shell.paint.dim(name.padEnd(9))} ${value}`);
  if (dashboardUrl !== null)
    shell.print(`  ${shell.paint.dim("dashboard")} ${dashboardUrl}  (signs in once, within 10 minutes)`);
  for (const line of presentation.guide) shell.print(line);
}

function* addressLines(config: GatewayConfig, gateway: Addresses): Generator<readonly [string, string]> {
  const { database, ingestUrl, adminUrl, metricsUrl, adminToken } = gateway;
  const adopted = database.adopted ? ", taken over from a gateway that was killed" : "";
  yield ["data", config.dataDir];
  yield ["database", `${database.description}${adopted}`];
  if (ingestUrl !== null) yield ["ingest", ingestUrl];
  if (adminUrl !== null) yield ["admin", adminUrl];
  else if (metricsUrl !== null) yield ["metrics", `${metricsUrl}/metrics`];
  if (gateway.firstKey && adminToken !== null) yield ["API key", `${adminToken}  (shown this once; keep it)`];
}
