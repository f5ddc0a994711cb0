import { isTolerance, widestTolerance } from "./engines/check-time.ts";
import { asPublicKey, asSecret, keyBytes, keysMax, momentMs, secretCharsMax } from "./key.ts";
import type { ProviderEntry } from "./provider.ts";
import { readAnyKey, readEd25519Key } from "./public-key.ts";
import type { PublicKey, Receiver, ReceiverFault } from "./receiver.ts";
import type { Scheme, SecretRule } from "./scheme.ts";
import { findEntry } from "./table.ts";
import { toleranceSecMin } from "./timestamp.ts";

/**
 * Every fault of a receiver configuration at once, each with its path (`secrets[0].value`), for the moment when it is saved.
 * Empty when it can be used. Stricter than `verify`: a secret shorter than the provider's minimum (24 bytes where people choose
 * it; security S03, faults F123) is a fault here unless it says `allowShort: true`.
 */
export function checkReceiver(provider: string, receiver: Receiver): ReceiverFault[] {
  const entry = findEntry(provider);
  if (entry === null) return [{ path: "provider", problem: `no provider has the slug ${JSON.stringify(provider)}` }];
  if (typeof receiver !== "object" || receiver === null || Array.isArray(receiver)) {
    return [{ path: "", problem: "must be an object" }];
  }
  const { scheme } = entry;
  return [
    ...unknownFields(receiver),
    ...missingFields(entry, receiver),
    ...credentialFaults(receiver),
    ...keyFaults(scheme, receiver),
    ...urlFaults("notificationUrl", receiver.notificationUrl),
    ...urlFaults("callbackUrl", receiver.callbackUrl),
    ...toleranceFaults(receiver.toleranceSec, entry.provider.toleranceSec),
  ];
}

function keyFaults(scheme: Scheme, { secrets, publicKeys }: Receiver): ReceiverFault[] {
  if (!("prove" in scheme)) {
    return "secret" in scheme ? secretFaults(secrets, scheme.secret) : publicKeyFaults(publicKeys, readEd25519Key);
  }
  return [
    ...(scheme.secret === null ? [] : secretFaults(secrets, scheme.secret)),
    ...(scheme.readsPublicKeys ? publicKeyFaults(publicKeys, readAnyKey) : []),
  ];
}

const knownFields = new Set(
  "secrets publicKeys certificates certHostPattern trustedRoots notificationUrl callbackUrl webhookId audience issuers email bundleId environment appId keyId algorithm version secretRoles username password verifyToken clientId clientSecret toleranceSec".split(
    " ",
  ),
);

function unknownFields(receiver: object): ReceiverFault[] {
  const unknown = Object.keys(receiver).filter((field) => !knownFields.has(field));
  return unknown.map((field) => ({ path: field.slice(0, 64), problem: "is no field of a receiver configuration" }));
}

function missingFields({ provider }: ProviderEntry, receiver: Receiver): ReceiverFault[] {
  const given: Readonly<Record<string, unknown>> = { ...receiver };
  const missing = provider.receiverFields.filter((field) => {
    const value = given[field];
    return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
  });
  return missing.map((path) => ({ path, problem: `is needed to verify ${provider.name}` }));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** An id without its secret, or the other way round, has no key fetched. */
function credentialFaults({ clientId, clientSecret }: Receiver): ReceiverFault[] {
  if (isGiven(clientId) === isGiven(clientSecret)) return [];
  const path = isGiven(clientId) ? "clientSecret" : "clientId";
  return [{ path, problem: "is needed too: the provider gives its keys for clientId and clientSecret together" }];
}

function listFaults(path: string, list: unknown): ReceiverFault[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return [{ path, problem: "must be a list" }];
  return list.length > keysMax ? [{ path, problem: `has ${list.length} entries, and ${keysMax} is the most` }] : [];
}

function secretFaults(secrets: unknown, rule: SecretRule): ReceiverFault[] {
  if (!Array.isArray(secrets)) return listFaults("secrets", secrets);
  const versions = new Set<string>();
  const faults = secrets.slice(0, keysMax).flatMap((given: unknown, index) => {
    const path = `secrets[${index}]`;
    const secret = asSecret(given);
    if (secret === null) return [{ path, problem: "must be text, or an object with a text value" }];
    const version = secret.version === undefined ? `v${index + 1}` : secret.version;
    const repeated = versions.has(version);
    versions.add(version);
    const short = secret.allowShort === true ? 0 : rule.bytesMin;
    return [
      ...valueProblem(secret.value, { ...rule, bytesMin: short }).map((problem) => ({
        path: `${path}.value`,
        problem,
      })),
      ...versionProblem(version, repeated).map((problem) => ({ path: `${path}.version`, problem })),
      ...endProblem(secret.notAfter).map((problem) => ({ path: `${path}.notAfter`, problem })),
    ];
  });
  return [...listFaults("secrets", secrets), ...faults];
}

function valueProblem(value: string, rule: SecretRule): string[] {
  if (value === "") return ["is empty"];
  if (value.trim() === "") return ["is blank"];
  if (value.trim() !== value) return ["has white space around it"];
  if (value.length > secretCharsMax) return [`is longer than ${secretCharsMax} characters`];
  if (value === rule.prefix) return [`is the bare prefix ${rule.prefix}`];
  const bytes = keyBytes(value, rule);
  if (bytes === null) return [`${unreadable[rule.encoding]}${behind(rule)}`];
  const isText = ["utf8", "nfkd", "sha1"].includes(rule.encoding);
  const bare = isText && value.startsWith(rule.prefix) ? value.slice(rule.prefix.length) : bytes;
  const length = Buffer.byteLength(bare);
  if (length >= rule.bytesMin) return [];
  return [`has ${length} bytes${behind(rule)}, and ${rule.bytesMin} is the least (allowShort: true overrides this)`];
}

const unreadable = {
  utf8: "has nothing",
  nfkd: "has nothing",
  sha1: "has nothing",
  "base64-behind-prefix": "is not base64",
  base64: "is not base64",
  hex: "is not hexadecimal (two digits a byte)",
} as const;

function behind(rule: SecretRule): string {
  return rule.prefix === "" ? "" : ` behind ${rule.prefix}`;
}

function versionProblem(version: unknown, repeated: boolean): string[] {
  if (typeof version !== "string" || !/^[!-~]{1,64}$/.test(version))
    return ["must be 1 to 64 visible ASCII characters"];
  return repeated ? [`${version} is the version of an earlier secret too`] : [];
}

function endProblem(notAfter: unknown): string[] {
  if (notAfter === undefined) return [];
  const ms = momentMs(notAfter);
  if (ms === null) return ["must be a Date, ISO 8601 text or milliseconds since 1970"];
  return typeof notAfter === "number" && ms < 1e11 ? ["looks like seconds; give milliseconds since 1970"] : [];
}

function publicKeyFaults(publicKeys: unknown, readKey: (key: PublicKey) => unknown): ReceiverFault[] {
  if (!Array.isArray(publicKeys)) return listFaults("publicKeys", publicKeys);
  const keys: readonly PublicKey[] = publicKeys.slice(0, keysMax).map(asPublicKey);
  const faults = keys.flatMap((key, index) => {
    const read = readKey(key);
    return typeof read === "string" ? [{ path: `publicKeys[${index}]`, problem: read }] : [];
  });
  return [...listFaults("publicKeys", publicKeys), ...faults];
}

function urlFaults(path: string, url: unknown): ReceiverFault[] {
  if (url === undefined || url === "") return [];
  if (typeof url !== "string" || !/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    return [{ path, problem: "must be an absolute http or https URL, exactly as it is registered at the provider" }];
  }
  return /\s/.test(url) ? [{ path, problem: "has white space in it" }] : [];
}

function toleranceFaults(toleranceSec: unknown, ownSec: number | null): ReceiverFault[] {
  if (toleranceSec === undefined || isTolerance(toleranceSec, ownSec)) return [];
  return [{ path: "toleranceSec", problem: `must be a number from ${toleranceSecMin} to ${widestTolerance(ownSec)}` }];
}
