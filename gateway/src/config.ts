import type { Definition } from "./domain/definition.ts";
import type { Handler } from "./domain/handler.ts";
import type { LogLevel } from "./platform/log.ts";

export const ROLES = ["ingest", "worker", "admin"] as const;
export type Role = (typeof ROLES)[number];

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
  readonly tenant: "default";
  /** What the configuration file declares; null without sources, destinations and routes. */
  readonly definition: Definition | null;
  /** The functions of the configuration file, by the name that a destination's `handler` refers to. */
  readonly handlers: Readonly<Record<string, Handler>>;
}
