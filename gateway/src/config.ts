import { dirname, resolve } from "node:path";
import { checkWhole } from "./config/check-whole.ts";
import type { ConfigFault } from "./config/config-fault.ts";
import { findUnknownVariables } from "./config/find-unknown-variables.ts";
import { importFile } from "./config/import-file.ts";
import { type Environment, openSettings, type SettingReader } from "./config/read-settings.ts";
import type { Role } from "./config/roles.ts";
import type { SettingPath, SettingValues } from "./config/settings.ts";
import { splitFile } from "./config/split-file.ts";
import type { OidcSettings } from "./platform/open-id-provider.ts";
import type { CompleteDefinition } from "./domain/definition.ts";
import type { Handler } from "./domain/handler.ts";
import type { Thresholds } from "./domain/saturation.ts";
import type { LogLevel } from "./platform/log.ts";

/** Everything that a gateway is started with: one value, read once, never changed. */
export interface GatewayConfig {
  /** Absolute path. The embedded database, the keys and the run file live here. */
  readonly dataDir: string;
  /** A PostgreSQL connection string; null: the embedded database in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly roles: readonly Role[];
  /** The ingest door. Port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  /** The admin API, health, metrics and dashboard. Port 0 takes a free one. */
  readonly adminHost: string;
  readonly adminPort: number;
  /** How providers address the ingest door, for providers that sign the URL; null: as the request names it. */
  readonly publicUrl: string | null;
  readonly logLevel: LogLevel;
  /** The key that seals stored secrets, or the file that holds it; both null: a file made in `dataDir`. */
  readonly secretKey: string | null;
  readonly secretKeyFile: string | null;
  readonly ingest: {
    readonly headersTimeoutMs: number;
    readonly bodyTimeoutMs: number;
    readonly connectionsMax: number;
    readonly recordDeadlineMs: number;
    readonly queueItemsMax: number;
    readonly queueBytesMax: number;
    readonly databaseConnections: number;
  };
  readonly worker: {
    readonly concurrency: number;
    readonly leaseMs: number;
    readonly pollMs: number;
    readonly databaseConnections: number;
  };
  readonly admin: { readonly databaseConnections: number };
  readonly drainTimeoutMs: number;
  readonly egress: { readonly allowCidrs: readonly string[] };
  /** When arrivals are refused so that the rest gets through; `isOn` false: it is only measured. */
  readonly overload: { readonly isOn: boolean; readonly thresholds: Thresholds };
  /** How many processes were started together, or are to be; one that is embedded is always alone. */
  readonly processes: number;
  readonly retention: {
    readonly eventDays: number;
    readonly attemptDays: number;
    readonly rejectionDays: number;
    readonly dedupeDays: number;
  };
  /** How browsers address the dashboard, without a trailing slash; null: at the admin port itself. */
  readonly adminPublicUrl: string | null;
  /** The OpenID provider that people sign in through; null: none. */
  readonly oidc: OidcSettings | null;
  readonly tenant: "default";
  /** What the configuration file declares; null without sources, destinations and routes. */
  readonly definition: CompleteDefinition | null;
  /** Who declares it: the configuration file, or `dev` with its samples. */
  readonly definitionOrigin: "file" | "sample";
  /** The functions of the configuration file, by the name that a destination's `handler` refers to. */
  readonly handlers: Readonly<Record<string, Handler>>;
}

export interface ConfigPlaces {
  /** What the command line gave, by flag name without dashes. */
  readonly flags: Environment;
  readonly env: Environment;
  readonly cwd: string;
  /** The configuration file; without it `HOLDFAST_CONFIG`, else the one in `cwd`, if any. */
  readonly file?: string | undefined;
  /** Given in code instead of a file, as `createGateway` does; then no file is looked for. */
  readonly content?: Readonly<Record<string, unknown>> | undefined;
  /** What stands in for a setting's own default, as `dev` does. */
  readonly defaults?: Partial<SettingValues> | undefined;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: GatewayConfig;
      /** The configuration file that was read, if any. */
      readonly file: string | null;
      /** What is odd but harmless, one line each. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Reads the whole configuration: flags over environment over file over defaults. Every fault is reported at once. */
export async function loadConfig(places: ConfigPlaces): Promise<LoadedConfig> {
  const { flags, env, cwd } = places;
  const named = places.file ?? (env["HOLDFAST_CONFIG"] || undefined);
  const file =
    places.content === undefined
      ? await importFile(cwd, named)
      : { ok: true as const, path: null, content: places.content };
  const content = file.ok ? file.content : {};
  const settings = await openSettings({ flags, env, file: content, defaults: places.defaults ?? {} });
  const fileFolder = file.ok && file.path !== null ? dirname(file.path) : cwd;
  const split = splitFile(content);
  const bare = readConfig(settings, { cwd, fileFolder });
  const checked = await checkDefinition(split.definition, bare.egress.allowCidrs);
  const config: GatewayConfig = { ...bare, definition: checked.definition, handlers: split.handlers };
  const faults = [
    ...(file.ok ? [] : [file.fault]),
    ...settings.faults,
    ...split.faults,
    ...checked.faults,
    ...checkWhole(config, split.definition, env),
  ];
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, config, file: file.ok ? file.path : null, warnings: findUnknownVariables(env) };
}

/** The parser of definitions is loaded only where there is one to parse. */
async function checkDefinition(
  declared: Readonly<Record<string, unknown>> | null,
  allowCidrs: readonly string[],
): Promise<{ readonly definition: CompleteDefinition | null; readonly faults: readonly ConfigFault[] }> {
  if (declared === null) return { definition: null, faults: [] };
  const { checkDefinitionInput } = await import("./config/check-definition-input.ts");
  return checkDefinitionInput(declared, allowCidrs);
}

/** A relative path belongs to where it was written: the file's folder, or where the command was started. */
function readConfig(
  settings: SettingReader,
  folders: { readonly cwd: string; readonly fileFolder: string },
): GatewayConfig {
  const { read } = settings;
  const folderOf = (path: SettingPath) => (settings.originOf(path) === "file" ? folders.fileFolder : folders.cwd);
  const secretKeyFile = read("secretKeyFile");
  return {
    dataDir: resolve(folderOf("dataDir"), read("dataDir")),
    databaseUrl: read("databaseUrl"),
    roles: [...new Set(read("roles"))],
    host: read("host"),
    port: read("port"),
    adminHost: read("adminHost"),
    adminPort: read("adminPort"),
    publicUrl: read("publicUrl"),
    logLevel: read("logLevel"),
    secretKey: read("secretKey"),
    secretKeyFile: secretKeyFile === null ? null : resolve(folderOf("secretKeyFile"), secretKeyFile),
    ingest: {
      headersTimeoutMs: read("ingest.headersTimeoutMs"),
      bodyTimeoutMs: read("ingest.bodyTimeoutMs"),
      connectionsMax: read("ingest.connectionsMax"),
      recordDeadlineMs: read("ingest.recordDeadlineMs"),
      queueItemsMax: read("ingest.queueItemsMax"),
      queueBytesMax: read("ingest.queueBytesMax"),
      databaseConnections: read("ingest.databaseConnections"),
    },
    worker: {
      concurrency: read("worker.concurrency"),
      leaseMs: read("worker.leaseMs"),
      pollMs: read("worker.pollMs"),
      databaseConnections: read("worker.databaseConnections"),
    },
    admin: { databaseConnections: read("admin.databaseConnections") },
    drainTimeoutMs: read("drainTimeoutMs"),
    egress: { allowCidrs: read("egress.allowCidrs") },
    overload: readOverload(settings),
    processes: read("processes"),
    retention: {
      eventDays: read("retention.eventDays"),
      attemptDays: read("retention.attemptDays"),
      rejectionDays: read("retention.rejectionDays"),
      dedupeDays: read("retention.dedupeDays"),
    },
    adminPublicUrl: read("adminPublicUrl")?.replace(/\/$/, "") ?? null,
    oidc: readOidc(settings),
    tenant: "default",
    definition: null,
    definitionOrigin: "file",
    handlers: {},
  };
}

function readOidc({ read }: SettingReader): GatewayConfig["oidc"] {
  const issuer = read("oidc.issuer");
  const defaultRole = read("oidc.defaultRole");
  const settings = {
    clientId: read("oidc.clientId") ?? "",
    clientSecret: read("oidc.clientSecret"),
    name: read("oidc.name"),
    scopes: [...new Set(["openid", ...read("oidc.scopes")])],
    roleClaim: read("oidc.roleClaim"),
    roles: read("oidc.roles") ?? {},
    defaultRole: defaultRole === "none" ? null : defaultRole,
    allowedDomains: read("oidc.allowedDomains"),
  };
  return issuer === null ? null : { issuer, ...settings, name: settings.name ?? new URL(issuer).host };
}

function readOverload({ read }: SettingReader): GatewayConfig["overload"] {
  return {
    isOn: read("overload.controller") === "on",
    thresholds: {
      commits: read("overload.commitMs"),
      queue: read("overload.queuePercent"),
      loop: read("overload.loopDelayMs"),
      memory: read("overload.memoryPercent"),
      disk: read("overload.diskFreeMib"),
      oldest_ready: read("overload.oldestReadySec"),
      depth: read("overload.readyDeliveries"),
    },
  };
}
