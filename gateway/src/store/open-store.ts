import { BUCKETS } from "../domain/bucket.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import pg from "pg";
import { holdsSealed } from "./catalog/holds-sealed.ts";
import { checkDurability } from "./durability.ts";
import { superviseEmbedded } from "./embedded/supervise-embedded.ts";
import { migrate } from "./migrate.ts";
import { runOn } from "./statement.ts";

/** A database that is reachable, safe and has this build's schema. */
export interface Store {
  readonly ok: true;
  readonly url: string;
  readonly kind: "embedded" | "external";
  /** For people: engine and place, without credentials. */
  readonly description: string;
  /** Where the embedded server keeps its cluster, be it another process's; null for an external one. */
  readonly folder: string | null;
  /** A server that outlived the gateway before us. */
  readonly adopted: boolean;
  /** Whether it held values, as it was opened, that only the master key opens. */
  readonly holdsSealed: boolean;
  /** Stops the embedded server; nothing to do for an external one. */
  stop(): Promise<void>;
}

/** Why there is no store: what is wrong, and what to do. */
export interface StoreFault {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Opens the database: the embedded server on `dataDir`, or the one that `databaseUrl` names. Migrates it and refuses one
 * that cannot keep the promises.
 */
export async function openStore(options: {
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly log: Log;
  readonly onProgress: (text: string) => void;
  /** How many gateway processes the embedded server has to have room for; 1 when absent. */
  readonly processes?: number;
  /** Where another process keeps the embedded server that `databaseUrl` leads to; null when absent: it is nobody's here. */
  readonly databaseFolder?: string | null;
}): Promise<Store | StoreFault> {
  const { databaseUrl, databaseFolder = null } = options;
  const store = databaseUrl === null ? await openEmbedded(options) : describeExternal(databaseUrl, databaseFolder);
  if (!store.ok) return store;
  const fault = (await findFault(store.url)) ?? (await migrateStore(store.url, options));
  const found = fault ?? (await readContent(store.url));
  if (found.ok) return { ...store, holdsSealed: found.holdsSealed };
  await store.stop();
  return found;
}

type Opened = Omit<Store, "holdsSealed">;

/** What one gateway process may hold at once of the embedded server's connections. */
const CONNECTIONS_EACH = 60;

async function openEmbedded(options: {
  dataDir: string;
  log: Log;
  onProgress: (text: string) => void;
  processes?: number;
}): Promise<Opened | StoreFault> {
  const { processes = 1 } = options;
  const server = await superviseEmbedded({
    dataDir: options.dataDir,
    log: options.log,
    onProgress: ({ text }) => options.onProgress(text),
    // One more than there are: in a rolling restart a process comes before its predecessor goes.
    settings: processes > 1 ? { max_connections: String(CONNECTIONS_EACH * (processes + 1)) } : {},
  });
  if (!server.ok) return server;
  return {
    ok: true,
    url: server.url,
    kind: "embedded",
    folder: server.home,
    description: `embedded PostgreSQL ${server.version} in ${server.dataDir}`,
    adopted: server.adopted,
    stop: () => server.stop(),
  };
}

function describeExternal(url: string, folder: string | null): Opened | StoreFault {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return {
      ok: false,
      code: "database_url_malformed",
      message: "DATABASE_URL is not a URL",
      remedy:
        "Write it as postgresql://user:password@host:5432/database; characters such as @ or / in the password must be percent-encoded.",
    };
  }
  const place = `${parsed.hostname || "local socket"}${parsed.port === "" ? "" : `:${parsed.port}`}${parsed.pathname}`;
  return {
    ok: true,
    url,
    kind: "external",
    folder,
    description: `PostgreSQL at ${place}`,
    adopted: false,
    stop: () => Promise.resolve(),
  };
}

async function findFault(url: string): Promise<StoreFault | null> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "holdfast start",
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const durability = await checkDurability(client);
    if (durability.ok) return null;
    return {
      ok: false,
      code: "database_unsafe",
      message: `the database cannot keep our promises: ${durability.faults.map((fault) => `${fault.setting} is ${fault.value} (${fault.level})`).join(", ")}`,
      remedy: durability.faults.map((fault) => fault.remedy).join(" "),
    };
  } catch (error) {
    return {
      ok: false,
      code: "database_unreachable",
      message: `cannot connect to the database: ${messageOf(error)}`,
      remedy:
        "Check DATABASE_URL: host, port, database name, user and password, and that the server is running and lets this machine in.",
    };
  } finally {
    await client.end().catch(() => {});
  }
}

/** Rows are placed by the number of buckets for ever; with another number every key would be looked for elsewhere. */
async function readContent(url: string): Promise<StoreFault | { readonly ok: true; readonly holdsSealed: boolean }> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "holdfast start",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ value: string }>("SELECT value FROM holdfast.setting WHERE name = 'buckets'");
    if (rows[0]?.value === String(BUCKETS))
      return { ok: true, holdsSealed: (await runOn(client, holdsSealed, [])).rows[0]?.sealed === true };
    return {
      ok: false,
      code: "other_buckets",
      message: `this database was laid out for ${rows[0]?.value ?? "an unknown number of"} buckets, this build places events in ${BUCKETS}`,
      remedy: "Start the build that made this database, or use another database; the number can never change.",
    };
  } catch (error) {
    const message = `cannot read the database's settings: ${messageOf(error)}`;
    return { ok: false, code: "database_unreachable", message, remedy: "Check the database's log, then start again." };
  } finally {
    await client.end().catch(() => {});
  }
}

async function migrateStore(
  url: string,
  { log, onProgress }: { log: Log; onProgress: (text: string) => void },
): Promise<StoreFault | null> {
  const result = await migrate(url, undefined, { log });
  if (!result.ok) {
    return {
      ok: false,
      code: `migration_${result.code}`,
      message: result.message,
      remedy: "Nothing was half-applied. Mend the cause and start again; `holdfast migrate` tries it alone.",
    };
  }
  if (result.applied.length > 0) onProgress(`migrated the database: ${result.applied.join(", ")}`);
  if (result.ahead.length > 0)
    log.warn(
      { ahead: result.ahead },
      "the database has migrations that this build does not know; a newer one has run here",
    );
  return null;
}
