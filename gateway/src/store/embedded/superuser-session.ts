import { realpathSync } from "node:fs";
import { Client } from "pg";
import { messageOf } from "../../platform/log.ts";
import type { Address } from "./server-settings.ts";

/** A session of the launcher's own, as superuser in the database `postgres`. */
export type Session =
  | { readonly kind: "connected"; readonly client: Client; readonly ended: Promise<void>; readonly version: string }
  /** A server is there and will or will not speak later: it starts, recovers or shuts down. */
  | { readonly kind: "not_yet"; readonly reason: string }
  /** Nobody listens at the address. */
  | { readonly kind: "absent"; readonly reason: string }
  /** Somebody answers who is not the server of our folder. */
  | { readonly kind: "stranger"; readonly reason: string };

const CONNECT_TIMEOUT_MS = 5_000;
const NOT_YET = new Set(["57P03", "57P01", "57P02", "53300"]);

/** Connects, and proves by its data directory that the server is the one of `pgdata`. */
export async function openSession(target: { address: Address; password: string; pgdata: string }): Promise<Session> {
  const client = new Client({
    host: target.address.host,
    port: target.address.port,
    user: "postgres",
    password: target.password,
    database: "postgres",
    // The owner's name for whoever asks who owns the folder; it ends with the session.
    application_name: ownerName(process.pid),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A lost connection is seen by its "end"; without a listener for "error" the process would end too.
  client.on("error", () => {});
  const ended = new Promise<void>((done) => client.once("end", () => done()));
  try {
    await client.connect();
    const identity = await client.query<{ folder: string; version: string }>(
      "select current_setting('data_directory') as folder, split_part(current_setting('server_version'), ' ', 1) as version",
    );
    const { folder = "", version = "" } = identity.rows[0] ?? {};
    if (isSameFolder(folder, target.pgdata)) return { kind: "connected", client, ended, version };
    await client.end();
    return { kind: "stranger", reason: `the server at ${target.address.host} works in ${folder}` };
  } catch (error) {
    await client.end().catch(() => {});
    return failedSession(error);
  }
}

function failedSession(error: unknown): Session {
  const code = (error as { code?: unknown }).code;
  const reason = messageOf(error);
  if (typeof code !== "string") return { kind: "not_yet", reason };
  if (NOT_YET.has(code)) return { kind: "not_yet", reason };
  return /^[0-9A-Z]{5}$/.test(code) ? { kind: "stranger", reason } : { kind: "absent", reason };
}

function isSameFolder(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

const OWNER = "holdfast owner ";

function ownerName(pid: number): string {
  return `${OWNER}${pid}`;
}

/** The process that an owner's session name speaks of; null for other sessions. */
export function ownerPid(applicationName: string): number | null {
  const digits = applicationName.startsWith(OWNER) ? applicationName.slice(OWNER.length) : "";
  return /^\d+$/.test(digits) ? Number(digits) : null;
}
