import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { readDeliverySecret } from "../platform/delivery-signature.ts";
import type { Complaint, Shell } from "./shell.ts";

type LocalSecret =
  | { readonly ok: true; readonly secret: string }
  | { readonly ok: false; readonly complaint: Complaint };

/**
 * The secret that `listen` signs with on this machine: made once, kept for its owner alone, the same at every start, so that it
 * stays in the service's settings. HOLDFAST_LISTEN_SECRET stands in for it.
 *
 * @returns a complaint when that is no such secret, or the made one cannot be kept
 */
export async function localSecret({ env }: Pick<Shell, "env">): Promise<LocalSecret> {
  const given = env["HOLDFAST_LISTEN_SECRET"];
  // An empty variable is how a shell or a compose file unsets one.
  if (given) return readDeliverySecret(given) === null ? malformed() : { ok: true, secret: given };
  const folder = join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config"), "holdfast");
  const path = join(folder, "listen.secret");
  try {
    return { ok: true, secret: (await readSecret(path)) ?? (await makeSecret(folder, path)) };
  } catch (error) {
    const problem = `the signing secret cannot be kept in ${path} (${error instanceof Error ? error.message : "failed"})`;
    const remedy =
      "Let the folder be written, name another with XDG_CONFIG_HOME, or give one in HOLDFAST_LISTEN_SECRET.";
    return { ok: false, complaint: { problem, remedy, badInput: false } };
  }
}

function malformed(): LocalSecret {
  const problem = "HOLDFAST_LISTEN_SECRET is no signing secret: whsec_ and 24 to 64 bytes in base64";
  return { ok: false, complaint: { problem, remedy: "Unset it to have one made and kept.", badInput: true } };
}

async function makeSecret(folder: string, path: string): Promise<string> {
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
