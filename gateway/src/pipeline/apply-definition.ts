import type { Origin } from "../domain/catalog.ts";
import type { CompleteDefinition } from "../domain/definition.ts";
import type { FieldFault } from "../domain/field-checks.ts";
import type { Clock } from "../platform/clock.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import type { Database } from "../store/database.ts";

/** What is needed to change the catalog. */
export interface CatalogDeps {
  readonly db: Database;
  readonly box: SecretsBox;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
}

/** One thing that a change made, altered or put out of use. */
export interface ChangedThing {
  readonly kind: "source" | "destination" | "route";
  readonly name: string;
  /** The names of the fields that differ; empty for what is new. Never their values. */
  readonly fields: readonly string[];
}

/** What applying a definition does, or would do. */
export interface ApplyPlan {
  readonly created: readonly ChangedThing[];
  readonly updated: readonly ChangedThing[];
  /** No longer declared by the same origin: sources and routes disabled, destinations paused. */
  readonly disabled: readonly ChangedThing[];
  readonly unchanged: number;
}

export type Applied =
  | { readonly ok: true; readonly plan: ApplyPlan }
  | { readonly ok: false; readonly cause: "faults"; readonly faults: readonly FieldFault[] }
  | { readonly ok: false; readonly cause: "database"; readonly unknown: boolean; readonly message: string };

export interface ApplyOptions {
  readonly origin: Origin;
  /** Plans only; nothing is written. */
  readonly dryRun: boolean;
  /** `default` when absent. */
  readonly tenant?: string;
}

/** Brings the catalog to what a checked definition declares. */
export async function applyDefinition(
  _deps: CatalogDeps,
  _definition: CompleteDefinition,
  _options: ApplyOptions,
): Promise<Applied> {
  throw new Error("not written yet");
}
