import type { ConfigInput } from "./config/config-input.ts";

export type { ConfigInput, HandlerDestinationInput } from "./config/config-input.ts";
export type { HttpDestinationDefinition, RouteDefinition, SourceDefinition } from "./domain/definition.ts";
export type { DeliveredEvent, DeliveryTrigger, Handler, HandlerResult, HandlerTransaction } from "./domain/handler.ts";

/** Gives `holdfast.config.ts` its types. Returns what it is given. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/** A gateway inside the process that made it. */
export interface Gateway {
  /** Where providers post to, without a trailing slash; null without the role `ingest`. */
  readonly ingestUrl: string | null;
  /** Where the admin API is, and a key for it; null without the role `admin`. */
  readonly adminUrl: string | null;
  readonly adminToken: string | null;
  /** The sources with their full URLs. */
  sources(): readonly { readonly name: string; readonly provider: string; readonly url: string }[];
  /** Answers what was received, settles or returns what is under way, and closes everything. Safe to call again. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway in this process, for handlers that live in the application itself. The configuration is what is given
 * here and nothing else: no file and no environment variable is read, because DATABASE_URL is likely the application's own.
 *
 * Rejects with an Error whose message says what is wrong and what to do, every fault of the configuration at once.
 */
export async function createGateway(input: ConfigInput): Promise<Gateway> {
  // Loaded here, so that a configuration file that imports `defineConfig` loads no gateway.
  const [{ loadConfig }, { describeFault }, { createLog }, { startGateway }] = await Promise.all([
    import("./config.ts"),
    import("./config/config-fault.ts"),
    import("./platform/log.ts"),
    import("./main.ts"),
  ]);
  const loaded = await loadConfig({ flags: {}, env: {}, cwd: process.cwd(), content: { ...input } });
  if (!loaded.ok) {
    const lines = loaded.faults.map((fault) => `  ${describeFault(fault)}`);
    throw new Error(`the configuration of createGateway is not valid:\n${lines.join("\n")}`);
  }
  const started = await startGateway({ ...loaded.config, processes: 1 }, createLog(loaded.config.logLevel));
  if (!started.ok) throw new Error(`${started.message} ${started.remedy}`);
  const { ingestUrl, adminUrl, adminToken, sources, drain } = started.gateway;
  return { ingestUrl, adminUrl, adminToken, sources, stop: drain };
}
