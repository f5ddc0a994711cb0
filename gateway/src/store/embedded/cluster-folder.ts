import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { messageOf } from "../../platform/log.ts";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";
import { ownedBy, writeDurably } from "./durable-file.ts";
import { isReachable } from "./reachable.ts";
import type { ServerUser } from "./server-user.ts";

/** Where one cluster lives. All paths are absolute and real. */
export interface ClusterFolder {
  readonly ok: true;
  /** The folder that the user named. */
  readonly dataDir: string;
  /** The folder that holds cluster, socket and log: dataDir itself, or its stand-in where the server's user can reach it. */
  readonly home: string;
  /** PostgreSQL's own data directory. */
  readonly pgdata: string;
  readonly socketDir: string;
  readonly logFile: string;
  readonly user: ServerUser;
}

/** In dataDir: the path of `home`, when that is another folder. */
const STAND_IN = "database-folder";

// sun_path has 108 bytes on Linux and 104 on macOS, with the closing zero; PostgreSQL appends "/.s.PGSQL.5432".
const SOCKET_DIR_BYTES_MAX = 103 - "/.s.PGSQL.65535".length;

/**
 * Makes the data folder if need be, and decides where the cluster lives and whom it belongs to. As root, a folder that the
 * server's user cannot reach (below /root, say) gets a stand-in below `stateDir`, remembered in dataDir for ever after. A cluster that is
 * there already stays the one: an empty one beside it would know none of its events.
 */
export function prepareClusterFolder(options: {
  dataDir: string;
  stateDir: string;
  user: ServerUser;
}): ClusterFolder | EmbeddedFault {
  try {
    const dataDir = makeFolder(resolve(options.dataDir), options.user);
    const home = chooseHome(dataDir, options.stateDir, options.user);
    if (typeof home !== "string") return home;
    const pgdata = join(home, "postgres");
    const user = existsSync(pgdata) ? ownerOf(pgdata, options.user) : options.user;
    if (!user.ok) return user;
    const socketDir = makeSocketDir(home, user);
    return { ok: true, dataDir, home, pgdata, socketDir, logFile: join(home, "postgres.log"), user };
  } catch (error) {
    return embeddedFault(
      "data_dir_not_writable",
      `The data folder ${options.dataDir} cannot be used: ${explain(error)}.`,
      "Make it writable for the user that Holdfast runs as, or name another folder with --data-dir.",
    );
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  EEXIST: "a file stands in its place",
  ENOTDIR: "a file stands where a folder above it should be",
  EROFS: "its disk is read-only",
  ENOSPC: "its disk is full",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
};

function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return CAUSES[code] === undefined ? messageOf(error) : `${CAUSES[code]} (${code})`;
}

// 0711 only when another user has to pass through on the way to the cluster; every file inside has a mode of its own.
function makeFolder(folder: string, user: ServerUser): string {
  mkdirSync(folder, { recursive: true, mode: user.drop === null ? 0o700 : 0o711 });
  return realpathSync(folder);
}

/** The folder that stands in for this data folder; null where the cluster is in the data folder itself, or is not there yet. */
export function readStandIn(dataDir: string): string | null {
  const standIn = join(dataDir, STAND_IN);
  return existsSync(standIn) ? readFileSync(standIn, "utf8").trim() : null;
}

function chooseHome(dataDir: string, stateDir: string, user: ServerUser): string | EmbeddedFault {
  const standIn = join(dataDir, STAND_IN);
  const chosen = readStandIn(dataDir);
  if (chosen !== null) return makeFolder(chosen, user);
  const kept = join(dataDir, "postgres");
  const owner = existsSync(kept) ? ownerOf(kept, user) : user;
  if (!owner.ok) return owner;
  if (isReachable(dataDir, owner)) return dataDir;
  if (isReachable(dirname(dataDir), owner)) {
    // The folder is Holdfast's own and the only closed door on the way.
    chmodSync(dataDir, statSync(dataDir).mode | 0o011);
    return dataDir;
  }
  if (existsSync(kept))
    return embeddedFault(
      "data_dir_not_writable",
      `The database in ${kept} belongs to the user with id ${owner.drop?.uid}, who cannot reach it any more.`,
      `Let that user pass again, for example: chmod o+x on each folder above ${kept}.`,
    );
  const key = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  const home = makeFolder(join(stateDir, key), user);
  writeDurably(standIn, `${home}\n`, null);
  return home;
}

// PostgreSQL insists that its data directory belongs to the user it runs as, so an existing one decides.
function ownerOf(pgdata: string, user: ServerUser): ServerUser | EmbeddedFault {
  const { uid, gid } = statSync(pgdata);
  const self = process.getuid?.();
  if (self === undefined || uid === self) {
    if (self !== 0) return user;
    const remedy = `Give it to whom the server runs as, for example: chown -R ${user.drop?.uid}:${user.drop?.gid} ${pgdata}`;
    return embeddedFault(
      "data_dir_not_writable",
      `${pgdata} belongs to root, as whom PostgreSQL refuses to run.`,
      remedy,
    );
  }
  if (self === 0) return { ok: true, drop: { uid, gid } };
  return embeddedFault(
    "data_dir_not_writable",
    `${pgdata} belongs to the user with id ${uid}, and Holdfast runs as ${self}.`,
    "Start Holdfast as that user (or as root, if root made the folder), or name another folder with --data-dir.",
  );
}

function makeSocketDir(home: string, user: ServerUser): string {
  const near = join(home, "run");
  const key = createHash("sha256").update(home).digest("hex").slice(0, 16);
  const folder = Buffer.byteLength(near) <= SOCKET_DIR_BYTES_MAX ? near : join(tmpdir(), `holdfast-${key}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  ownedBy(folder, user);
  const stat = lstatSync(folder);
  const owner = user.drop?.uid ?? process.getuid?.();
  // In a shared temporary folder somebody else may have made it first, to sit between us and the server.
  if (!stat.isDirectory() || (owner !== undefined && stat.uid !== owner))
    throw new Error(`${folder} belongs to somebody else`);
  chmodSync(folder, 0o700);
  return folder;
}
