import { randomUUID } from "node:crypto";
import { chownSync, closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { ServerUser } from "./server-user.ts";

/** Writes a file for its owner's eyes only; it appears whole under its name, and survives a power cut from then on. */
export function writeDurably(path: string, text: string, user: ServerUser | null): void {
  const partial = `${path}.partial-${randomUUID()}`;
  const file = openSync(partial, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (user !== null) ownedBy(partial, user);
  renameSync(partial, path);
  syncFolder(dirname(path));
}

/** Makes the names in a folder survive a power cut; Windows has no such call and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const open = openSync(folder, "r");
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

/** Hands a file or folder to whom the server runs as. */
export function ownedBy(path: string, user: ServerUser): void {
  if (user.drop !== null) chownSync(path, user.drop.uid, user.drop.gid);
}
