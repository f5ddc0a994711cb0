import type {
  HandlerDestinationDefinition,
  HttpDestinationDefinition,
  RouteDefinition,
  SourceDefinition,
} from "../domain/definition.ts";
import type { Handler } from "../domain/handler.ts";
import type { LogLevel } from "../platform/log.ts";
import type { Role } from "./roles.ts";

/** A destination that is a function: given here itself, or by its name in `handlers`. */
export type HandlerDestinationInput = Omit<HandlerDestinationDefinition, "handler"> & {
  readonly handler: string | Handler;
};

/** What `holdfast.config.ts` exports and `createGateway` takes. docs/configuration.md describes every key. */
export interface ConfigInput {
  readonly sources?: Readonly<Record<string, SourceDefinition>>;
  readonly destinations?: Readonly<Record<string, HttpDestinationDefinition | HandlerDestinationInput>>;
  readonly routes?: readonly RouteDefinition[];
  readonly handlers?: Readonly<Record<string, Handler>>;
  /** Relative to the configuration file. */
  readonly dataDir?: string;
  readonly databaseUrl?: string | undefined;
  readonly roles?: readonly Role[];
  readonly host?: string;
  readonly port?: number;
  readonly adminHost?: string;
  readonly adminPort?: number;
  readonly publicUrl?: string | undefined;
  readonly logLevel?: LogLevel;
  readonly secretKey?: string | undefined;
  /** Relative to the configuration file. */
  readonly secretKeyFile?: string | undefined;
  readonly drainTimeoutMs?: number;
  readonly ingest?: {
    readonly headersTimeoutMs?: number;
    readonly bodyTimeoutMs?: number;
    readonly connectionsMax?: number;
    readonly recordDeadlineMs?: number;
    readonly queueItemsMax?: number;
    readonly queueBytesMax?: number;
    readonly databaseConnections?: number;
  };
  readonly worker?: {
    readonly concurrency?: number;
    readonly leaseMs?: number;
    readonly pollMs?: number;
    readonly databaseConnections?: number;
  };
  readonly admin?: { readonly databaseConnections?: number };
  readonly egress?: { readonly allowCidrs?: readonly string[] };
}
