import type { AlertsDefinition } from "../domain/alert-definition.ts";
import type {
  HandlerDestinationDefinition,
  HttpDestinationDefinition,
  RouteDefinition,
  SourceDefinition,
} from "../domain/definition.ts";
import type { Handler } from "../domain/handler.ts";
import type { ReconciliationDefinition } from "../domain/reconciliation-definition.ts";
import type { Role as PersonRole } from "../domain/role.ts";
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
  readonly reconciliations?: Readonly<Record<string, ReconciliationDefinition>>;
  readonly alerts?: AlertsDefinition;
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
  /** Each threshold four numbers: where low and normal are slowed down, where low, normal and high are refused. */
  readonly overload?: {
    readonly controller?: "on" | "off";
    readonly commitMs?: readonly number[];
    readonly queuePercent?: readonly number[];
    readonly loopDelayMs?: readonly number[];
    readonly memoryPercent?: readonly number[];
    readonly diskFreeMib?: readonly number[];
    readonly oldestReadySec?: readonly number[];
    readonly readyDeliveries?: readonly number[];
  };
  readonly processes?: number;
  readonly retention?: {
    readonly eventDays?: number;
    readonly attemptDays?: number;
    readonly rejectionDays?: number;
    readonly dedupeDays?: number;
  };
  readonly adminPublicUrl?: string | undefined;
  readonly oidc?: {
    readonly issuer?: string | undefined;
    readonly clientId?: string | undefined;
    readonly clientSecret?: string | undefined;
    readonly name?: string;
    readonly scopes?: readonly string[];
    readonly roleClaim?: string;
    readonly roles?: Readonly<Record<string, PersonRole>>;
    readonly defaultRole?: PersonRole | "none";
    readonly allowedDomains?: readonly string[];
  };
}
