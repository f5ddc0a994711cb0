import type { Catalog, Route } from "../domain/catalog.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { SecretsBox } from "../platform/secrets-box.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import { indexCatalog } from "../pipeline/catalog-index.ts";
import { listMissing } from "../pipeline/incomplete-receiver.ts";
import { listUnreadable } from "../pipeline/unreadable-secrets.ts";
import { loadCatalog, readCatalogVersion } from "../store/catalog/load-catalog.ts";
import type { Database } from "../store/database.ts";

/** The configuration in memory, at most half a second behind the database. While that is away, the last one stays. */
export interface CatalogWatch {
  index(): CatalogIndex;
  current(): Catalog;
  /** Reads it anew, if it has changed; throws when the database is away. */
  refresh(): Promise<CatalogIndex>;
  stop(): void;
}

const LOOK_MS = 500;
/** A database that is restarted is back by then. */
const WARN_AFTER_MS = 10_000;

export async function watchCatalog(deps: {
  readonly db: Database;
  readonly box: SecretsBox;
  readonly clock: Clock;
  readonly log: Log;
  /** Is told of each version, before anything goes by it. */
  readonly onRead?: (catalog: Catalog) => void;
}): Promise<CatalogWatch> {
  const load = async (): Promise<CatalogIndex> => {
    const loaded = indexCatalog(await loadCatalog(deps.db, deps.box), (route, problem) =>
      reportCostly(deps.log, route, problem),
    );
    reportUnreadable(deps.log, loaded.catalog, deps.clock.now());
    reportIncomplete(deps.log, loaded.catalog, deps.clock.now());
    deps.onRead?.(loaded.catalog);
    return loaded;
  };
  let index = await load();
  let looking: Promise<CatalogIndex> | null = null;
  const look = async (): Promise<CatalogIndex> => {
    if ((await readCatalogVersion(deps.db)) !== index.catalog.version) index = await load();
    return index;
  };
  const refresh = (): Promise<CatalogIndex> => {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  };
  const reading = followReading(deps);
  const timer = setInterval(() => void refresh().then(reading.worked, reading.failed), LOOK_MS);
  return {
    index: () => index,
    current: () => index.catalog,
    // A look that is under way may have read the version before the change that the caller knows of.
    refresh: async () => {
      if (looking !== null) await looking.catch(() => {});
      return refresh();
    },
    stop: () => clearInterval(timer),
  };
}

/** Says once that reading has failed for a while, since every change is then without effect here, and once that it works again. */
function followReading({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
  let sinceMs: number | null = null;
  let isTold = false;
  return {
    worked: (): void => {
      if (isTold) log.info({}, "the catalog can be read again");
      sinceMs = null;
      isTold = false;
    },
    failed: (error: unknown): void => {
      const nowMs = clock.monotonicMs();
      sinceMs ??= nowMs;
      const line = { error: messageOf(error), failingMs: Math.round(nowMs - sinceMs) };
      log.debug(line, "the catalog could not be read; the last one stays");
      if (isTold || line.failingMs < WARN_AFTER_MS) return;
      isTold = true;
      log.warn(
        line,
        "the catalog cannot be read: changes of the configuration have no effect in this process until it can",
      );
    },
  };
}

/** Told once a catalog version: it goes on, and what one event may cost by it has no bound. */
function reportCostly(log: Log, { name: route, tenant }: Route, problem: string): void {
  log.warn(
    { route, tenant, problem },
    "a route's filter that was stored by an older version goes on, but would not be taken today: one event may hold the process by it",
  );
}

/** Told once a catalog version: what is signed with these is answered 503 here until the key is given. */
function reportUnreadable(log: Log, { sources }: Catalog, now: Date): void {
  for (const source of sources) {
    const unreadable = listUnreadable(source, now);
    if (unreadable.length === 0) continue;
    const { name, tenant } = source;
    log.error(
      { source: name, tenant, unreadable: unreadable.join(", ") },
      "secrets of a source cannot be read with the master keys that are loaded: give this process every key that is in use",
    );
  }
}

/** Told once a catalog version: stored before its provider's scheme needed these, it answers 503 until it has them. */
function reportIncomplete(log: Log, { sources }: Catalog, now: Date): void {
  for (const source of sources) {
    const missing = source.state === "active" ? listMissing(source, now) : [];
    if (missing.length === 0) continue;
    const { name, tenant } = source;
    log.error(
      { source: name, tenant, missing: missing.join(", ") },
      "a source lacks what its provider's scheme needs, and answers its requests 503: configure the missing fields",
    );
  }
}
