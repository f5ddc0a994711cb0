import { LEASE_MS } from "../domain/catalog.ts";
import type { Steps } from "../domain/saturation.ts";
import { LOG_LEVELS, type LogLevel } from "../platform/log.ts";
import { checkCidr, checkConnectionString, checkHost, checkPublicUrl } from "./check-text.ts";
import { OIDC_SETTINGS, type OidcSettingValues } from "./oidc-settings.ts";
import { DEFAULT_ROLES, ROLES, type Role } from "./roles.ts";
import { listOf, oneOf, type Setting, text, wholeNumber } from "./setting.ts";
import { steps } from "./steps-setting.ts";

/** Every value that a flag, a variable or the configuration file can set, by its path in the file. */
export interface SettingValues extends OidcSettingValues {
  dataDir: string;
  databaseUrl: string | null;
  roles: readonly Role[];
  host: string;
  port: number;
  adminHost: string;
  adminPort: number;
  publicUrl: string | null;
  logLevel: LogLevel;
  secretKey: string | null;
  secretKeyFile: string | null;
  drainTimeoutMs: number;
  "ingest.headersTimeoutMs": number;
  "ingest.bodyTimeoutMs": number;
  "ingest.connectionsMax": number;
  "ingest.recordDeadlineMs": number;
  "ingest.queueItemsMax": number;
  "ingest.queueBytesMax": number;
  "ingest.databaseConnections": number;
  "worker.concurrency": number;
  "worker.leaseMs": number;
  "worker.pollMs": number;
  "worker.databaseConnections": number;
  "admin.databaseConnections": number;
  "egress.allowCidrs": readonly string[];
  "overload.controller": "on" | "off";
  "overload.commitMs": Steps;
  "overload.queuePercent": Steps;
  "overload.loopDelayMs": Steps;
  "overload.memoryPercent": Steps;
  "overload.diskFreeMib": Steps;
  "overload.oldestReadySec": Steps;
  "overload.readyDeliveries": Steps;
  processes: number;
  "retention.eventDays": number;
  "retention.attemptDays": number;
  "retention.rejectionDays": number;
  "retention.dedupeDays": number;
}

export type SettingPath = keyof SettingValues;

const MIB = 1024 * 1024;
const anything = (): null => null;

/** The table behind the loader, `docs/configuration.md` and the flags of `dev` and `start`. */
export const SETTINGS: { readonly [P in SettingPath]: Setting<SettingValues[P]> } = {
  dataDir: text("a folder", anything, {
    fallback: ".holdfast",
    variable: "HOLDFAST_DATA_DIR",
    flag: "data-dir",
    meaning: "Folder of the embedded database, the keys and the run file.",
  }),
  databaseUrl: text("postgres://user:password@host:port/database", checkConnectionString, {
    fallback: null,
    variable: "DATABASE_URL",
    secret: true,
    meaning: "A PostgreSQL 15 to 18 of your own instead of the embedded one.",
  }),
  roles: listOf(`${ROLES.join(", ")}, separated by commas`, readRole, {
    fallback: DEFAULT_ROLES,
    variable: "HOLDFAST_ROLES",
    flag: "role",
    meaning:
      "What this process does: takes webhooks in, delivers them, serves the admin API; or metrics and health alone, on the admin port.",
  }),
  host: text("an IP address or a host name", checkHost, {
    fallback: "127.0.0.1",
    variable: "HOLDFAST_HOST",
    flag: "host",
    meaning: "Address of the ingest door; 0.0.0.0 opens it to the network.",
  }),
  port: wholeNumber(0, 65_535, {
    fallback: 4400,
    variable: "HOLDFAST_PORT",
    flag: "port",
    meaning: "Port of the ingest door; 0 takes a free one.",
  }),
  adminHost: text("an IP address or a host name", checkHost, {
    fallback: "127.0.0.1",
    variable: "HOLDFAST_ADMIN_HOST",
    flag: "admin-host",
    meaning: "Address of the admin API, health, metrics and dashboard.",
  }),
  adminPort: wholeNumber(0, 65_535, {
    fallback: 4401,
    variable: "HOLDFAST_ADMIN_PORT",
    flag: "admin-port",
    meaning: "Port of the admin API; 0 takes a free one.",
  }),
  publicUrl: text("an http or https URL", checkPublicUrl, {
    fallback: null,
    variable: "HOLDFAST_PUBLIC_URL",
    flag: "public-url",
    meaning: "How providers address the ingest door, for providers that sign the URL.",
  }),
  logLevel: oneOf(LOG_LEVELS, {
    fallback: "info",
    variable: "HOLDFAST_LOG_LEVEL",
    flag: "log-level",
    meaning: "The least important line that is logged.",
  }),
  secretKey: text("the base64 of 32 bytes", anything, {
    fallback: null,
    variable: "HOLDFAST_SECRET_KEY",
    meaning:
      "Key that seals stored secrets. Without it and secretKeyFile, secret.key in dataDir, made at the first start.",
  }),
  secretKeyFile: text("a file", anything, {
    fallback: null,
    variable: "HOLDFAST_SECRET_KEY_FILE",
    meaning: "File that holds that key.",
  }),
  drainTimeoutMs: wholeNumber(0, 600_000, {
    fallback: 15_000,
    variable: "HOLDFAST_DRAIN_TIMEOUT_MS",
    meaning:
      "How long a stop may take: requests under way have a third of it, deliveries under way until 65 % of it has passed; then they are settled.",
  }),
  "ingest.headersTimeoutMs": wholeNumber(100, 120_000, {
    fallback: 10_000,
    variable: "HOLDFAST_INGEST_HEADERS_TIMEOUT_MS",
    meaning: "A request's headers must have come by then.",
  }),
  "ingest.bodyTimeoutMs": wholeNumber(100, 300_000, {
    fallback: 15_000,
    variable: "HOLDFAST_INGEST_BODY_TIMEOUT_MS",
    meaning: "A request's body must have come by then; and an answer must have been taken.",
  }),
  "ingest.connectionsMax": wholeNumber(1, 100_000, {
    fallback: 10_000,
    variable: "HOLDFAST_INGEST_CONNECTIONS_MAX",
    meaning: "Open connections at the ingest door.",
  }),
  "ingest.recordDeadlineMs": wholeNumber(100, 30_000, {
    fallback: 2_500,
    variable: "HOLDFAST_INGEST_RECORD_DEADLINE_MS",
    meaning: "An event that is not stored by then is answered 503 with Retry-After.",
  }),
  "ingest.queueItemsMax": wholeNumber(1, 1_000_000, {
    fallback: 10_000,
    variable: "HOLDFAST_INGEST_QUEUE_ITEMS_MAX",
    meaning: "Arrivals that may wait for the database; more are answered 503.",
  }),
  "ingest.queueBytesMax": wholeNumber(MIB, 4096 * MIB, {
    fallback: 64 * MIB,
    variable: "HOLDFAST_INGEST_QUEUE_BYTES_MAX",
    meaning: "Bytes of body that may wait for the database.",
  }),
  "ingest.databaseConnections": wholeNumber(1, 100, {
    fallback: 2,
    variable: "HOLDFAST_INGEST_DATABASE_CONNECTIONS",
    meaning: "Database connections that record arrivals.",
  }),
  "worker.concurrency": wholeNumber(1, 10_000, {
    fallback: 64,
    variable: "HOLDFAST_WORKER_CONCURRENCY",
    meaning: "Deliveries under way at once in this process; those older than a second hold half of the slots at most.",
  }),
  "worker.leaseMs": wholeNumber(1_000, 3_600_000, {
    fallback: LEASE_MS,
    variable: "HOLDFAST_WORKER_LEASE_MS",
    meaning: "A worker's claim on a delivery; longer than the longest destination timeout and 15 s.",
  }),
  "worker.pollMs": wholeNumber(10, 60_000, {
    fallback: 500,
    variable: "HOLDFAST_WORKER_POLL_MS",
    meaning: "How often a worker looks for deliveries that no wake-up told it of.",
  }),
  "worker.databaseConnections": wholeNumber(1, 100, {
    fallback: 6,
    variable: "HOLDFAST_WORKER_DATABASE_CONNECTIONS",
    meaning: "Database connections that claim and settle.",
  }),
  "admin.databaseConnections": wholeNumber(1, 100, {
    fallback: 4,
    variable: "HOLDFAST_ADMIN_DATABASE_CONNECTIONS",
    meaning: "Database connections of the admin API.",
  }),
  "egress.allowCidrs": listOf("networks such as 10.0.0.0/8, separated by commas", checkCidr, {
    fallback: [],
    variable: "HOLDFAST_EGRESS_ALLOW_CIDRS",
    meaning: "Private networks that destinations may be in; none by default.",
  }),
  "overload.controller": oneOf(["on", "off"], {
    fallback: "on",
    variable: "HOLDFAST_OVERLOAD_CONTROLLER",
    meaning: "Whether arrivals are refused by the thresholds below; off, they are only measured.",
  }),
  "overload.commitMs": steps("rising", 30_000, {
    fallback: [1_000, 1_500, 2_000, 2_250],
    variable: "HOLDFAST_OVERLOAD_COMMIT_MS",
    meaning: "How long a group commit takes, or its oldest arrival has waited.",
  }),
  "overload.queuePercent": steps("rising", 100, {
    fallback: [25, 50, 70, 85],
    variable: "HOLDFAST_OVERLOAD_QUEUE_PERCENT",
    meaning: "How full the queue before the database is, of ingest.queueItemsMax and ingest.queueBytesMax.",
  }),
  "overload.loopDelayMs": steps("rising", 60_000, {
    fallback: [500, 1_000, 1_500, 2_500],
    variable: "HOLDFAST_OVERLOAD_LOOP_DELAY_MS",
    meaning: "How late the process's event loop is.",
  }),
  "overload.memoryPercent": steps("rising", 100, {
    fallback: [75, 85, 90, 95],
    variable: "HOLDFAST_OVERLOAD_MEMORY_PERCENT",
    meaning:
      "Memory used, of the heap's limit or of what the processes that were started together have and could still get on the machine or in the container, whichever is nearer.",
  }),
  "overload.diskFreeMib": steps("falling", 1_000_000, {
    fallback: [2_048, 1_024, 512, 256],
    variable: "HOLDFAST_OVERLOAD_DISK_FREE_MIB",
    meaning: "MiB free where the embedded database lives.",
  }),
  "overload.oldestReadySec": steps("rising", 31_536_000, {
    fallback: [10_800, 21_600, 43_200, 86_400],
    variable: "HOLDFAST_OVERLOAD_OLDEST_READY_SEC",
    meaning: "Age of the oldest ready delivery; a class's age counts for what refuses it or a less urgent class.",
  }),
  "overload.readyDeliveries": steps("rising", 1_000_000_000, {
    fallback: [2_000_000, 4_000_000, 6_000_000, 8_000_000],
    variable: "HOLDFAST_OVERLOAD_READY_DELIVERIES",
    meaning: "Deliveries that are ready and not yet claimed.",
  }),
  processes: wholeNumber(1, 64, {
    fallback: 1,
    variable: "HOLDFAST_PROCESSES",
    flag: "processes",
    meaning:
      "How many processes `holdfast start` runs on this machine, on the same ports; the first serves the admin API.",
  }),
  "retention.eventDays": wholeNumber(1, 3_650, {
    fallback: 30,
    variable: "HOLDFAST_RETENTION_EVENT_DAYS",
    meaning:
      "How long events are kept, with their bytes. What is not finished keeps its event, however old, and a dead letter keeps its own for so long from its end.",
  }),
  "retention.attemptDays": wholeNumber(1, 3_650, {
    fallback: 30,
    variable: "HOLDFAST_RETENTION_ATTEMPT_DAYS",
    meaning:
      "How long attempts are kept. Finished deliveries, dead letters too, stay as long as events and attempts do.",
  }),
  "retention.rejectionDays": wholeNumber(1, 3_650, {
    fallback: 14,
    variable: "HOLDFAST_RETENTION_REJECTION_DAYS",
    meaning: "How long rejections are kept.",
  }),
  "retention.dedupeDays": wholeNumber(3, 3_650, {
    fallback: 90,
    variable: "HOLDFAST_RETENTION_DEDUPE_DAYS",
    meaning: "The dedupe horizon: for at least so long a repeated event is known as a duplicate.",
  }),
  ...OIDC_SETTINGS,
};

export const SETTING_PATHS = Object.keys(SETTINGS) as readonly SettingPath[];

/** The first segments of paths with two: `ingest`, `worker`, `admin`, `egress`, `retention`. */
export const SETTING_GROUPS: readonly string[] = [
  ...new Set(SETTING_PATHS.flatMap((path) => (path.includes(".") ? [path.slice(0, path.indexOf("."))] : []))),
];

function readRole(name: string): { ok: true; value: Role } | { ok: false; problem: string } {
  const role = ROLES.find((known) => known === name);
  if (role !== undefined) return { ok: true, value: role };
  return { ok: false, problem: `must hold only ${ROLES.join(", ")}; it holds ${JSON.stringify(name.slice(0, 40))}` };
}
