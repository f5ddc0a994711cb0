import type { PublicKey, Receiver, Secret, Suspect } from "@holdfast/verify";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readMoment } from "./moment-flags.ts";
import type { Shell } from "./shell.ts";

/** Where `holdfast verify` takes the receiver configuration from. No secret stands on the command line. */
export interface ReceiverFlags {
  /** `VARIABLE` or `version=VARIABLE`. */
  readonly secretEnv?: readonly string[];
  /** A file with one secret: `file` or `version=file`. */
  readonly secretFile?: readonly string[];
  readonly secretStdin?: boolean;
  /** JSON: a list of secrets with `value`, and `version`, `state`, `notAfter` and `source` where they have them. */
  readonly secretsFile?: string;
  /** `file` or `kid=file`. */
  readonly publicKeyFile?: readonly string[];
  /** JSON: the other fields of the receiver configuration. */
  readonly receiverFile?: string;
  readonly notificationUrl?: string;
  readonly environment?: string;
}

/** What to verify with, and the secrets that do not count and may have signed all the same. */
export interface GivenReceiver {
  readonly receiver: Receiver;
  readonly suspects: readonly Suspect[];
  readonly activeVersion: string | null;
  /** The states of versions, where the file says them. */
  readonly states: ReadonlyMap<string, string>;
}

export type ReadReceiver =
  | ({ readonly ok: true } & GivenReceiver)
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

type Fault = Exclude<ReadReceiver, { ok: true }>;

const FILE_BYTES_MAX = 1_048_576;
const SECRETS_MAX = 30;
const STATES = ["pending", "active", "retiring", "retired"];

const fault = (problem: string, remedy: string): Fault => ({ ok: false, problem, remedy });

/** Reads secrets, keys and fields from where the flags say. Faults name the flag and never repeat a value. */
export async function readReceiver(shell: Shell, flags: ReceiverFlags): Promise<ReadReceiver> {
  const plain = await readPlainSecrets(shell, flags);
  if (!Array.isArray(plain)) return plain;
  const listed = flags.secretsFile === undefined ? [] : await readSecretList(shell, flags.secretsFile);
  if (!Array.isArray(listed)) return listed;
  const publicKeys = await readPublicKeys(shell, flags.publicKeyFile ?? []);
  if (!Array.isArray(publicKeys)) return publicKeys;
  const fields = flags.receiverFile === undefined ? {} : await readFields(shell, flags.receiverFile);
  if ("problem" in fields) return fields;
  const all: readonly ListedSecret[] = [...plain, ...listed];
  const own = all.filter(({ source, state }) => source === undefined && state !== "retired");
  const receiver: Receiver = {
    ...fields,
    ...(own.length === 0 ? {} : { secrets: own.map(toSecret) }),
    ...(publicKeys.length === 0 ? {} : { publicKeys }),
    ...(flags.notificationUrl === undefined ? {} : { notificationUrl: flags.notificationUrl }),
    ...(flags.environment === undefined ? {} : { environment: flags.environment }),
  };
  return {
    ok: true,
    receiver,
    suspects: all.filter((secret) => !own.includes(secret)).map(toSuspect),
    activeVersion: own.find(({ state }) => state === "active")?.version ?? null,
    states: new Map(own.flatMap(({ version, state }) => (state === undefined ? [] : [[version, state]]))),
  };
}

interface ListedSecret {
  readonly value: string;
  readonly version: string;
  readonly state?: string;
  readonly notAfter?: string;
  readonly retiredAt?: Date;
  readonly source?: string;
}

function toSecret({ value, version, notAfter }: ListedSecret): Secret {
  return { value, version, notAfter, allowShort: true };
}

function toSuspect({ value, version, retiredAt, source }: ListedSecret): Suspect {
  return { value, version, retiredAt: retiredAt ?? null, source: source ?? null };
}

async function readPlainSecrets(shell: Shell, flags: ReceiverFlags): Promise<ListedSecret[] | Fault> {
  const secrets: ListedSecret[] = [];
  const add = (name: string | null, text: string) => {
    // An editor and `echo` end a text with a line break, which is no part of the secret.
    const value = text.replace(/\r?\n$/, "");
    if (value !== "") secrets.push({ value, version: name ?? `v${secrets.length + 1}` });
    return value !== "";
  };
  for (const given of flags.secretEnv ?? []) {
    const [name, variable] = splitName(given);
    if (!add(name, shell.env[variable] ?? ""))
      return fault(
        `the variable ${variable} is empty or not set`,
        "--secret-env takes a variable's name, not a secret.",
      );
  }
  for (const given of flags.secretFile ?? []) {
    const [name, file] = splitName(given);
    const bytes = await readBytes(shell, file);
    if (bytes === null || !add(name, bytes.toString("utf8")))
      return fault(
        `${resolve(shell.cwd, file)} is empty or cannot be read`,
        "--secret-file takes a file with one secret.",
      );
  }
  if (flags.secretStdin === true) {
    const typed = await shell.readInput();
    if (!typed.ok) return typed;
    if (!add(null, typed.text))
      return fault("there is no secret on standard input", "Pipe it in: --secret-stdin reads it from there.");
  }
  const fallback = shell.env["HOLDFAST_VERIFY_SECRET"] ?? "";
  if (secrets.length === 0 && flags.secretsFile === undefined && fallback !== "") add(null, fallback);
  return secrets;
}

/** `v2=STRIPE_SECRET` as its two parts; a path of Windows or one with an equals sign behind a slash has no name before it. */
function splitName(given: string): [name: string | null, rest: string] {
  const [, name, rest] = /^([A-Za-z0-9_.-]{1,64})=(.+)$/s.exec(given) ?? [];
  return name === undefined || rest === undefined ? [null, given] : [name, rest];
}

async function readBytes(shell: Shell, file: string): Promise<Buffer | null> {
  const bytes = await readFile(resolve(shell.cwd, file)).catch(() => null);
  return bytes === null || bytes.length > FILE_BYTES_MAX ? null : bytes;
}

async function readJson(shell: Shell, file: string): Promise<{ readonly value: unknown } | string> {
  const path = resolve(shell.cwd, file);
  const bytes = await readBytes(shell, file);
  if (bytes === null) return `${path} cannot be read, or is larger than 1 MiB`;
  try {
    return { value: JSON.parse(bytes.toString("utf8")) };
  } catch {
    return `${path} is no JSON`;
  }
}

const listShape =
  'Write a list such as [{ "value": "whsec_…", "version": "v2", "state": "active" }, { "value": "…", "version": "v1", "state": "retired" }, { "value": "…", "source": "stripe-sandbox" }].';

async function readSecretList(shell: Shell, file: string): Promise<ListedSecret[] | Fault> {
  const read = await readJson(shell, file);
  if (typeof read === "string") return fault(read, listShape);
  const path = resolve(shell.cwd, file);
  if (!Array.isArray(read.value) || read.value.length === 0 || read.value.length > SECRETS_MAX)
    return fault(`${path} is no list of 1 to ${SECRETS_MAX} secrets`, listShape);
  const secrets: ListedSecret[] = [];
  for (const [i, item] of read.value.entries()) {
    const secret = readListed(item, i);
    if (typeof secret === "string") return fault(`${path}: [${i}]${secret}`, listShape);
    secrets.push(secret);
  }
  return secrets;
}

function readListed(item: unknown, index: number): ListedSecret | string {
  const given: Readonly<Record<string, unknown>> = typeof item === "object" && item !== null ? { ...item } : {};
  const { value, version = `v${index + 1}`, state, notAfter, retiredAt, source } = given;
  if (typeof value !== "string" || value === "") return ".value must be the secret, as text";
  if (typeof version !== "string" || version === "") return ".version must be text";
  if (state !== undefined && !STATES.includes(String(state))) return `.state must be one of ${STATES.join(", ")}`;
  if (source !== undefined && typeof source !== "string") return ".source must be the other source's name";
  const [ends, retired] = [notAfter, retiredAt].map((moment) =>
    moment === undefined ? undefined : readMoment(String(moment)),
  );
  if (ends === null) return ".notAfter must be a time such as 2026-01-31T12:00:00Z";
  if (retired === null) return ".retiredAt must be a time such as 2026-01-31T12:00:00Z";
  return {
    value,
    version,
    ...(state === undefined ? {} : { state: String(state) }),
    ...(ends === undefined ? {} : { notAfter: ends }),
    ...(retired === undefined ? {} : { retiredAt: new Date(retired) }),
    ...(source === undefined ? {} : { source }),
  };
}

async function readPublicKeys(shell: Shell, files: readonly string[]): Promise<PublicKey[] | Fault> {
  const keys: PublicKey[] = [];
  for (const given of files) {
    const [kid, file] = splitName(given);
    const text = (await readBytes(shell, file))?.toString("utf8").trim() ?? "";
    if (text === "")
      return fault(
        `${resolve(shell.cwd, file)} is empty or cannot be read`,
        "--public-key-file takes a file with one key: PEM, JWK, or raw Ed25519 in hexadecimal or base64.",
      );
    keys.push({ format: formatOf(text), value: text, ...(kid === null ? {} : { kid }) });
  }
  return keys;
}

function formatOf(text: string): string {
  if (text.startsWith("-----BEGIN")) return "spki-pem";
  if (text.startsWith("{")) return "jwk";
  if (/^[0-9a-fA-F]{64}$/.test(text)) return "ed25519-raw-hex";
  return Buffer.from(text, "base64").length === 32 ? "ed25519-raw-base64" : "spki-der-base64";
}

async function readFields(shell: Shell, file: string): Promise<Receiver | Fault> {
  const read = await readJson(shell, file);
  const remedy = 'Write the fields as in the configuration file: { "notificationUrl": "https://…", "audience": "…" }.';
  if (typeof read === "string") return fault(read, remedy);
  const { value } = read;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fault(`${resolve(shell.cwd, file)} is no object with fields of the receiver`, remedy);
  return value;
}
