import type { ReceiverDefinition, SecretDefinition, SourceDefinition } from "./definition.ts";
import type { FieldFault, Fields, Place } from "./field-checks.ts";
import {
  MASKED,
  isPlainObject,
  nameType,
  readFields,
  readInteger,
  readList,
  readMoment,
  readText,
  report,
  within,
} from "./field-checks.ts";
import { SOURCE_POLICY_FIELD_NAMES, checkSourcePolicy } from "./source-policy.ts";

/**
 * Says what is wrong with a receiver configuration, and with what the source asks of its provider; `checkReceiver` of
 * @holdfast/verify and its table.
 */
export type ReceiverChecker = (
  provider: string,
  receiver: ReceiverDefinition & Pick<SourceDefinition, "secrets">,
  asked?: Pick<SourceDefinition, "batch">,
) => readonly FieldFault[];

type FieldShape = "text" | "texts" | "text record" | "number" | "text or number" | "keys";

/** What each receiver field holds; what it may say is the provider's matter, judged by the {@link ReceiverChecker}. */
const RECEIVER_FIELDS: Readonly<Record<keyof ReceiverDefinition, FieldShape>> = {
  publicKeys: "keys",
  certificates: "text record",
  certHostPattern: "text",
  trustedRoots: "texts",
  notificationUrl: "text",
  callbackUrl: "text",
  webhookId: "text",
  audience: "text",
  issuers: "texts",
  email: "text",
  bundleId: "text",
  environment: "text",
  appId: "text or number",
  keyId: "text",
  algorithm: "text",
  version: "text",
  secretRoles: "text record",
  username: "text",
  password: "text",
  verifyToken: "text",
  clientId: "text",
  clientSecret: "text",
  toleranceSec: "number",
};

export const RECEIVER_FIELD_NAMES = Object.keys(RECEIVER_FIELDS) as (keyof ReceiverDefinition)[];
export const SOURCE_FIELD_NAMES: readonly string[] = [
  "provider",
  "key",
  "secrets",
  "bodyBytesMax",
  ...SOURCE_POLICY_FIELD_NAMES,
  ...RECEIVER_FIELD_NAMES,
];

const LIST_ITEMS_MAX = 32;
const SECRETS_MAX = 10;
export const BODY_BYTES_MAX = 25 * 1024 * 1024;

/** Checks one declared source. Every fault goes to the place's list; the result is null when there was any. */
export function checkSource(place: Place, input: unknown, checkReceiver: ReceiverChecker): SourceDefinition | null {
  const before = place.faults.length;
  const fields = readFields(place, input, SOURCE_FIELD_NAMES);
  if (fields === null) return null;
  const provider = readText(within(place, "provider"), fields["provider"], 64);
  if (provider === undefined) report(within(place, "provider"), "is missing; say which provider sends, such as stripe");
  const key = readText(within(place, "key"), fields["key"], 128);
  if (typeof key === "string" && !/^[A-Za-z0-9_-]{8,128}$/.test(key)) {
    report(within(place, "key"), "must be 8 to 128 letters, digits, - or _; leave it out to have one made");
  }
  const bodyBytesMax = readInteger(within(place, "bodyBytesMax"), fields["bodyBytesMax"], 1, BODY_BYTES_MAX);
  const policy = checkSourcePolicy(place, fields);
  const secrets = checkSecrets(within(place, "secrets"), fields["secrets"]);
  const receiver = checkReceiverFields(place, fields);
  if (place.faults.length > before || typeof provider !== "string") return null;
  const configuration = secrets === undefined ? receiver : { ...receiver, secrets };
  const judged = secrets === undefined ? receiver : { ...receiver, secrets: nameVersions(secrets) };
  for (const fault of checkReceiver(provider, judged, policy)) report(at(place, fault.path), fault.problem);
  if (place.faults.length > before) return null;
  return {
    provider,
    ...configuration,
    ...(typeof key === "string" ? { key } : {}),
    ...(typeof bodyBytesMax === "number" ? { bodyBytesMax } : {}),
    ...policy,
  };
}

// The verifier would call the first secret v1, whatever another one is called; here a free name is found for it later.
function nameVersions(secrets: readonly SecretDefinition[]): SecretDefinition[] {
  const taken = new Set(secrets.map(({ version }) => version));
  let number = 0;
  return secrets.map((secret) => {
    if (secret.version !== undefined) return secret;
    do number++;
    while (taken.has(`v${number}`));
    return { ...secret, version: `v${number}` };
  });
}

function at(place: Place, path: string): Place {
  return path === "" ? place : within(place, path);
}

function checkSecrets(place: Place, input: unknown): SecretDefinition[] | undefined {
  const list = readList(place, input, SECRETS_MAX);
  if (list === undefined || list === null) return undefined;
  const secrets: SecretDefinition[] = [];
  const values = new Map<string, number>();
  const versions = new Set<string>();
  for (const [i, item] of list.entries()) {
    const secret = checkSecret(within(place, i), item);
    if (secret === null) continue;
    const same = values.get(secret.value);
    if (same !== undefined) report(within(place, i), `is the same secret as secrets[${same}]; list it once`);
    values.set(secret.value, i);
    if (secret.version !== undefined && versions.has(secret.version)) {
      report(within(within(place, i), "version"), `is used twice: ${secret.version}`);
    }
    if (secret.version !== undefined) versions.add(secret.version);
    secrets.push(secret);
  }
  return secrets;
}

// The faults never quote the value: it is a secret, and faults are printed and logged.
function checkSecret(place: Place, input: unknown): SecretDefinition | null {
  if (typeof input === "string" || !isPlainObject(input)) {
    const value = readText(place, input ?? null, 4_096);
    return typeof value === "string" ? { value } : null;
  }
  const before = place.faults.length;
  const fields = readFields(place, input, ["value", "version", "notAfter", "allowShort"]);
  const value = readText(within(place, "value"), fields?.["value"], 4_096);
  if (value === undefined) report(within(place, "value"), "is missing");
  const version = readText(within(place, "version"), fields?.["version"], 64);
  if (typeof version === "string" && !/^[A-Za-z0-9._-]{1,64}$/.test(version)) {
    report(within(place, "version"), "must be 1 to 64 letters, digits, dots, - or _");
  }
  const notAfter = readMoment(within(place, "notAfter"), fields?.["notAfter"]);
  const allowShort = fields?.["allowShort"];
  if (allowShort !== undefined && typeof allowShort !== "boolean") {
    report(within(place, "allowShort"), `must be true or false, not ${nameType(allowShort)}`);
  }
  if (place.faults.length > before || typeof value !== "string") return null;
  return {
    value,
    ...(typeof version === "string" ? { version } : {}),
    ...(typeof notAfter === "string" ? { notAfter } : {}),
    ...(allowShort === true ? { allowShort } : {}),
  };
}

function checkReceiverFields(place: Place, fields: Fields): ReceiverDefinition {
  const receiver: Record<string, unknown> = {};
  for (const name of RECEIVER_FIELD_NAMES) {
    const value = fields[name];
    if (value === undefined) continue;
    checkShape(within(place, name), value, RECEIVER_FIELDS[name]);
    receiver[name] = value;
  }
  // Checked field by field just above; the record has no other keys.
  return receiver as ReceiverDefinition;
}

function checkShape(place: Place, value: unknown, shape: FieldShape): void {
  switch (shape) {
    case "text":
      if (readText(place, value) === MASKED) report(place, `is ${MASKED}, which stands for a value that is not shown`);
      return;
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value))
        report(place, `must be a number, not ${nameType(value)}`);
      return;
    case "text or number":
      if (typeof value === "number" ? !Number.isSafeInteger(value) : typeof readText(place, value) !== "string") {
        if (typeof value === "number") report(place, "must be a whole number or text");
      }
      return;
    case "texts":
      for (const [i, item] of (readList(place, value, LIST_ITEMS_MAX) ?? []).entries())
        readText(within(place, i), item ?? null);
      return;
    case "text record":
      checkTextRecord(place, value);
      return;
    case "keys":
      for (const [i, item] of (readList(place, value, LIST_ITEMS_MAX) ?? []).entries())
        checkKey(within(place, i), item);
  }
}

function checkTextRecord(place: Place, value: unknown): void {
  if (!isPlainObject(value)) {
    report(place, `must be an object, not ${nameType(value)}`);
    return;
  }
  const entries = Object.entries(value);
  if (entries.length > LIST_ITEMS_MAX) report(place, `has more than ${LIST_ITEMS_MAX} entries`);
  for (const [key, item] of entries.slice(0, LIST_ITEMS_MAX)) readText(within(place, key.slice(0, 64)), item ?? null);
}

function checkKey(place: Place, value: unknown): void {
  const fields = readFields(place, value, ["kid", "format", "value"]);
  if (fields === null) return;
  readText(within(place, "kid"), fields["kid"], 256);
  for (const name of ["format", "value"]) {
    if (readText(within(place, name), fields[name]) === undefined) report(within(place, name), "is missing");
  }
}
