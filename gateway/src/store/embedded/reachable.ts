import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServerUser } from "./server-user.ts";

const ENTER = 0o1;

/**
 * Whether the server's user may walk down to `folder` and enter it, by the permission bits of every folder on the way.
 * Node's own access() asks for ourselves, and root may everything.
 */
export function isReachable(folder: string, user: ServerUser): boolean {
  if (user.drop === null) return true;
  for (let at = folder; ; at = dirname(at)) {
    if (!mayEnter(at, user.drop)) return false;
    if (dirname(at) === at) return true;
  }
}

function mayEnter(folder: string, drop: { uid: number; gid: number }): boolean {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (stat.uid === drop.uid) return ((stat.mode >> 6) & ENTER) !== 0;
  if (stat.gid === drop.gid) return ((stat.mode >> 3) & ENTER) !== 0;
  return (stat.mode & ENTER) !== 0;
}

/** Where root keeps what the server's user must reach. */
export const ROOT_STATE_FOLDER = join("/var/lib", "holdfast");
