import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { readDeliverySecret } from "../platform/delivery-signature.ts";
import type { Shell } from "./shell.ts";

/**
 * The secret that `listen` signs with on this machine: made once, kept for its owner alone, the same at every start, so that it
 * stays in the service's settings. HOLDFAST_LISTEN_SECRET stands in for it.
 */
export async function localSecret({ env }: Pick<Shell, "env">): Promise<string> {
  const given = env["HOLDFAST_LISTEN_SECRET"];
  if (given !== undefined && readDeliverySecret(given) !== null) return given;
  const folder = join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config"), "holdfast");
  const path = join(folder, "listen.secret");
  const known = await readSecret(path);
  if (known !== null) return known;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const made = `whsec_${randomBytes(32).toString("base64")}`;
  // Of two that start at once the first one's stays; what is there and is no secret is replaced.
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: "wx" }).catch(() => {});
  const kept = await readSecret(path);
  if (kept !== null) return kept;
  await writeFile(path, `${made}\n`, { mode: 0o600 });
  return made;
}

async function readSecret(path: string): Promise<string | null> {
  const text = await readFile(path, "utf8").then(
    (read) => read.trim(),
    () => null,
  );
  return text !== null && readDeliverySecret(text) !== null ? text : null;
}
