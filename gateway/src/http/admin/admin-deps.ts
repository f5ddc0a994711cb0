import type { Catalog } from "../../domain/catalog.ts";
import type { Ranks } from "../../domain/fair-queue.ts";
import type { Clock } from "../../platform/clock.ts";
import type { EgressPolicy } from "../../platform/egress/egress-outcome.ts";
import type { CatalogWatch } from "../../pipeline/change-catalog.ts";
import type { Arrival, IngestResult } from "../../pipeline/arrival.ts";
import type { Log } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { OpenIdProvider } from "../../platform/open-id-provider.ts";
import type { PasswordHasher } from "../../platform/password-hash.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import type { Database } from "../../store/database.ts";
import type { LiveFeed } from "./live-feed.ts";
import type { SignInLimits } from "./sign-in-limits.ts";

/** What the admin API works with. */
export interface AdminDeps extends AdminParts {
  readonly passwords: PasswordHasher;
  readonly attempts: SignInLimits;
  /** Counts ways through the OpenID provider that did not end well. */
  readonly flowAttempts: SignInLimits;
  readonly feed: LiveFeed;
}

/** What the admin API is made of. */
export interface AdminParts {
  readonly db: Database;
  readonly catalog: {
    /** The configuration as this process holds it. */
    current(): Catalog;
    /** Reads it again; called after each change, so that the process that made it sees it at once. */
    refresh(): Promise<void>;
  };
  readonly box: SecretsBox;
  /** Set for each request: it holds changes of the catalog against what the caller has seen, and writes the audit with them. */
  readonly watch?: CatalogWatch;
  readonly clock: Clock;
  /** The database's time as this process knows it. */
  readonly databaseNow: () => Date;
  readonly random: (bytes: number) => Uint8Array;
  readonly ranks: Ranks;
  readonly egressPolicy: EgressPolicy;
  /** Where the ingest door is, without a trailing slash: `http://127.0.0.1:4400`. */
  readonly ingestUrl: string;
  /** How providers address the ingest door, where that is configured; signed URLs begin with it. */
  readonly publicUrl?: string | null;
  /** How browsers address the dashboard, without a trailing slash; absent: unknown. */
  readonly dashboardUrl?: () => string;
  /** Through whom people sign in beside passwords; absent: nobody. */
  readonly openId?: OpenIdProvider;
  readonly metrics: Metrics;
  /** Whether the process can do its work, and every reason why not. */
  readonly readiness: () => Promise<{ readonly ok: boolean; readonly reasons: readonly string[] }>;
  /** What the process knows of itself beyond the database: roles, partitions ahead, durability. Shown as it is. */
  readonly status: () => Promise<object>;
  /** The settings of the process, secrets hidden. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Tells the workers that deliveries have become ready. Only a hint. */
  readonly wake: () => void;
  readonly log: Log;
  readonly version: string;
  /** Takes an arrival in as the ingest door would, by the source's key; absent where this process takes nothing in. */
  readonly takeIn?: (sourceKey: string, arrival: Arrival) => Promise<IngestResult>;
  /** Providers' sample events, without their signatures. */
  readonly samples?: EventSamples;
}

/** What test events are made of. */
export interface EventSamples {
  /** The types that a provider has samples of, the best known first. */
  eventTypes(provider: string): readonly string[];
  build(
    provider: string,
    eventType: string,
    now: Date,
  ): { readonly headers: readonly (readonly [string, string])[]; readonly body: string };
}
