import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { link, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";

/** One 256-bit key and the name by which sealed secrets refer to it (1 to 32 ASCII characters). */
export interface SecretsKey {
  id: string;
  key: Uint8Array;
}

/** Why a sealed secret stays closed: damaged, sealed with a key that is not loaded, or changed or moved since. */
export type OpenFault = "malformed" | "unknown_key" | "not_authentic";
export type Opened = { ok: true; plain: Uint8Array } | { ok: false; reason: OpenFault };

/** Seals secrets for storage. `aad` says what a secret belongs to: it opens only with the same text. */
export interface SecretsBox {
  seal(plain: Uint8Array, aad: string): Uint8Array;
  open(sealed: Uint8Array, aad: string): Opened;
  /** Whether it says that the first key sealed it. */
  isCurrent(sealed: Uint8Array): boolean;
}

const FORMAT = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Makes a box over AES-256-GCM. The first key seals, every key opens, so that a new key can be put in front of the old one.
 * A sealed secret is: format byte 1, length of the key's id, the id, a random 96-bit nonce (NIST SP 800-38D, 8.2.2: good for
 * 2^32 secrets a key), the 128-bit tag, the ciphertext. All that stands before the nonce is authenticated with `aad`.
 *
 * Throws on keys that `loadMasterKey` would have refused.
 */
export function createSecretsBox(parts: { keys: readonly SecretsKey[] }): SecretsBox {
  const [sealing] = parts.keys;
  if (sealing === undefined) throw new Error("a secrets box needs at least one key");
  const keys = new Map(parts.keys.map(({ id, key }) => [id, key]));
  if (keys.size !== parts.keys.length) throw new Error("two keys of a secrets box have the same id");
  for (const [id, key] of keys) {
    if (!/^[\u0021-\u007e]{1,32}$/.test(id))
      throw new Error("the id of a secrets key must be 1 to 32 visible ASCII characters");
    if (key.length !== KEY_BYTES) throw new Error(`secrets key ${id} has ${key.length} bytes instead of ${KEY_BYTES}`);
  }
  return {
    seal: (plain, aad) => seal(sealing, plain, aad),
    open: (sealed, aad) => openSealed(keys, sealed, aad),
    isCurrent: (sealed) => Buffer.from(sealed.subarray(0, headOf(sealing.id).length)).equals(headOf(sealing.id)),
  };
}

function seal({ id, key }: SecretsKey, plain: Uint8Array, aad: string): Uint8Array {
  const head = headOf(id);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bindTo(head, aad));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), ciphertext]);
}

function headOf(id: string): Buffer {
  return Buffer.concat([Buffer.from([FORMAT, id.length]), Buffer.from(id, "latin1")]);
}

function openSealed(keys: ReadonlyMap<string, Uint8Array>, bytes: Uint8Array, aad: string): Opened {
  const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headBytes = 2 + (sealed[1] ?? 0);
  if (sealed[0] !== FORMAT || sealed.length < headBytes + NONCE_BYTES + TAG_BYTES)
    return { ok: false, reason: "malformed" };
  const key = keys.get(sealed.toString("latin1", 2, headBytes));
  if (key === undefined) return { ok: false, reason: "unknown_key" };
  const tagAt = headBytes + NONCE_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(headBytes, tagAt), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(bindTo(sealed.subarray(0, headBytes), aad));
  decipher.setAuthTag(sealed.subarray(tagAt, tagAt + TAG_BYTES));
  try {
    return { ok: true, plain: Buffer.concat([decipher.update(sealed.subarray(tagAt + TAG_BYTES)), decipher.final()]) };
  } catch {
    return { ok: false, reason: "not_authentic" };
  }
}

/** The head has its own length in it, so no other pair of head and text gives the same bytes. */
function bindTo(head: Uint8Array, aad: string): Buffer {
  return Buffer.concat([head, Buffer.from(aad, "utf8")]);
}

/** Where the master key may come from; at most one of `value` (HOLDFAST_SECRET_KEY) and `file` (HOLDFAST_SECRET_KEY_FILE). */
export interface MasterKeyPlaces {
  value?: string | undefined;
  file?: string | undefined;
  /** Holds `secret.key` when neither is given; it is made there the first time. Null when there is no data folder. */
  dataDir: string | null;
  /** Whether values are stored already that a key of before has sealed: a new one would open none of them, so none is made. */
  holdsSealed?: boolean;
}

/** The keys, the sealing one first. `generated` says that they are new, so that a loss of the folder can be warned about. */
export type MasterKey =
  | { ok: true; keys: SecretsKey[]; origin: "environment" | "file" | "data_folder" | "generated" }
  | { ok: false; fault: string; remedy?: string };

const MAKE_ONE = "make one with: openssl rand -base64 32";
const KEYS_MAX = 8;
const KEY_FILE_BYTES_MAX = 4_096;

/**
 * Loads the master key: 32 random bytes in base64, or several separated by commas or white space, of which the first seals
 * and the others still open what they sealed. A weak key, a file that others can read, or both settings at once is a fault,
 * told with what to do and without the key.
 */
export async function loadMasterKey(places: MasterKeyPlaces): Promise<MasterKey> {
  const { value, file, dataDir, holdsSealed = false } = places;
  if (value !== undefined && file !== undefined)
    return fault("HOLDFAST_SECRET_KEY and HOLDFAST_SECRET_KEY_FILE are both set; keep one of them");
  if (value !== undefined) return parseKeys(value, "HOLDFAST_SECRET_KEY", "environment");
  if (file !== undefined) {
    const text = await readKeyFile(file, 0o007, "HOLDFAST_SECRET_KEY_FILE");
    return text.ok ? parseKeys(text.text, `HOLDFAST_SECRET_KEY_FILE (${file})`, "file") : text;
  }
  if (dataDir === null)
    return fault(`no key for secrets: set HOLDFAST_SECRET_KEY or HOLDFAST_SECRET_KEY_FILE; ${MAKE_ONE}`);
  return await loadOwnKey(dataDir, holdsSealed);
}

async function loadOwnKey(dataDir: string, holdsSealed: boolean): Promise<MasterKey> {
  const path = join(dataDir, "secret.key");
  const known = await readKeyFile(path, 0o077, "the data folder's key");
  if (known.ok) return parseKeys(known.text, path, "data_folder");
  // Only a file that is not there is made. One that cannot be read may be the only key to what is stored.
  if (!known.absent) return known;
  if (holdsSealed)
    return {
      ...fault(`the database holds secrets that a master key has sealed, and there is none: no ${path}, none given`),
      remedy: `Bring the key of this database along: set HOLDFAST_SECRET_KEY, or copy its secret.key to ${path}. If it is lost for good, set HOLDFAST_SECRET_KEY to a new one and see docs/operate/secrets.md.`,
    };
  const made = await makeKeyFile(dataDir, path);
  if (made !== null) return made;
  const text = await readKeyFile(path, 0o077, "the data folder's key");
  return text.ok ? parseKeys(text.text, path, "generated") : text;
}

/** Writes a new key whole and durably before it gets its name; of two processes that start at once, the first one's stays. */
async function makeKeyFile(dataDir: string, path: string): Promise<{ ok: false; fault: string } | null> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(`${randomBytes(KEY_BYTES).toString("base64")}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
    await syncFolder(dataDir);
    return null;
  } catch (error) {
    return fault(`cannot make ${path} (${codeOf(error)}); make the data folder writable or set HOLDFAST_SECRET_KEY`);
  } finally {
    await unlink(draft).catch(() => {});
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

type KeyFile = { ok: true; text: string } | { ok: false; fault: string; absent: boolean };

/** Reads a key file, refusing one with any of the permission bits in `forbidden`. Windows has no such bits. */
async function readKeyFile(path: string, forbidden: number, name: string): Promise<KeyFile> {
  try {
    const handle = await open(path, "r");
    try {
      const { mode, size } = await handle.stat();
      const shown = (mode & 0o777).toString(8).padStart(4, "0");
      if (process.platform !== "win32" && (mode & forbidden) !== 0)
        return {
          ...fault(`${name} (${path}) has mode ${shown}, so others can use it; run: chmod 600 ${path}`),
          absent: false,
        };
      if (size > KEY_FILE_BYTES_MAX)
        return { ...fault(`${name} (${path}) has ${size} bytes, which is no key; ${MAKE_ONE}`), absent: false };
      return { ok: true, text: await handle.readFile("utf8") };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = codeOf(error);
    return { ...fault(`${name} (${path}) cannot be read (${code})`), absent: code === "ENOENT" };
  }
}

function parseKeys(text: string, place: string, origin: Extract<MasterKey, { ok: true }>["origin"]): MasterKey {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0) return fault(`${place} is empty; ${MAKE_ONE}`);
  if (words.length > KEYS_MAX)
    return fault(`${place} holds more than ${KEYS_MAX} keys; drop those that nothing is sealed with`);
  const keys: SecretsKey[] = [];
  for (const [i, word] of words.entries()) {
    const key = Buffer.from(word, "base64");
    const weakness = findWeakness(word, key);
    if (weakness !== null) return fault(`key ${i + 1} of ${place} ${weakness}; ${MAKE_ONE}`);
    keys.push({
      id: createHash("sha256").update("holdfast secrets key\0").update(key).digest("hex").slice(0, 12),
      key,
    });
  }
  if (new Set(keys.map(({ id }) => id)).size < keys.length)
    return fault(`${place} holds the same key twice; keep it once`);
  return { ok: true, keys, origin };
}

/** 32 random bytes have fewer than 16 different values once in 10^14 keys; passwords, zeros and counters repeat or are words. */
function findWeakness(word: string, key: Buffer): string | null {
  if (key.toString("base64") !== word) return "is not base64 with its padding";
  if (key.length !== KEY_BYTES) return `has ${key.length} bytes instead of ${KEY_BYTES}`;
  if (new Set(key).size < 16) return "is not random";
  if (key.every((byte) => byte >= 0x20 && byte < 0x7f)) return "is text and not random bytes";
  return null;
}

function fault(text: string): { ok: false; fault: string } {
  return { ok: false, fault: text };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}
