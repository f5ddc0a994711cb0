import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { EmbeddedFault } from "./embedded-fault.ts";
import { embeddedFault } from "./embedded-fault.ts";

/** Whom PostgreSQL's processes run as; `drop` is null when that is ourselves. */
export interface ServerUser {
  readonly ok: true;
  readonly drop: { readonly uid: number; readonly gid: number } | null;
}

const SUBSTITUTES = ["postgres", "nobody"];

/**
 * Decides whom the server runs as. PostgreSQL refuses uid 0 (measured), so root steps down to `postgres`, else `nobody`;
 * no user is ever created. A user without an entry in the password file cannot initialise a cluster (measured).
 */
export function chooseServerUser(
  runAs?: { uid: number; gid: number },
  passwd = "/etc/passwd",
): ServerUser | EmbeddedFault {
  if (typeof process.getuid !== "function") return { ok: true, drop: null };
  if (process.getuid() !== 0) return ourselves();
  if (runAs !== undefined) return { ok: true, drop: runAs };
  const users = readUsers(passwd);
  for (const name of SUBSTITUTES) {
    const drop = users.get(name);
    if (drop !== undefined && drop.uid !== 0) return { ok: true, drop };
  }
  return embeddedFault(
    "no_unprivileged_user",
    `PostgreSQL does not run as root, and ${passwd} has neither a user "postgres" nor "nobody" to run it as.`,
    "Start Holdfast as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.",
  );
}

function ourselves(): ServerUser | EmbeddedFault {
  try {
    userInfo();
    return { ok: true, drop: null };
  } catch {
    return embeddedFault(
      "no_unprivileged_user",
      `The user with id ${process.getuid?.()} has no entry in /etc/passwd, and PostgreSQL does not start without one.`,
      "Start Holdfast as a user that has a name, or set DATABASE_URL to a PostgreSQL of your own.",
    );
  }
}

// Read by hand: Node has no getpwnam, and a slim container has neither `id` nor `getent`.
function readUsers(passwd: string): Map<string, { uid: number; gid: number }> {
  const users = new Map<string, { uid: number; gid: number }>();
  let text = "";
  try {
    text = readFileSync(passwd, "utf8");
  } catch {
    return users;
  }
  for (const line of text.split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name && uid && gid && /^\d+$/.test(uid) && /^\d+$/.test(gid))
      users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return users;
}
