import type { Receiver } from "./receiver.ts";
import { refuse } from "./refuse.ts";
import type { Refused } from "./verdict.ts";

const texts = [
  "certHostPattern",
  "notificationUrl",
  "callbackUrl",
  "webhookId",
  "audience",
  "email",
  "bundleId",
  "environment",
  "keyId",
  "algorithm",
  "version",
  "username",
  "password",
  "verifyToken",
  "clientId",
  "clientSecret",
] as const;

/**
 * Null when every field of a receiver is of the kind that its type says, so that rules may rely on it. Callers in plain JavaScript
 * and configuration files hold anything; what is of another kind is refused, never passed over.
 */
export function checkShape(receiver: Receiver): Refused | null {
  const field = findFault({ ...receiver });
  if (field === null) return null;
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `The receiver's ${field} is of another kind than it must be (see checkReceiver).`,
    evidence: { field },
    likelyCause: "configuration",
  });
}

function findFault(given: Readonly<Record<string, unknown>>): string | null {
  const text = texts.find((name) => !isAbsent(given[name]) && typeof given[name] !== "string");
  if (text !== undefined) return text;
  const { appId, issuers, trustedRoots, certificates, publicKeys } = given;
  if (!isAbsent(appId) && typeof appId !== "string" && typeof appId !== "number") return "appId";
  if (!isAbsent(issuers) && !isListOf(issuers, isText)) return "issuers";
  if (!isAbsent(trustedRoots) && !isListOf(trustedRoots, isText)) return "trustedRoots";
  if (!isAbsent(publicKeys) && !isListOf(publicKeys, isKey)) return "publicKeys";
  if (isAbsent(certificates)) return null;
  const isRecord =
    typeof certificates === "object" && certificates !== null && Object.values(certificates).every(isText);
  return isRecord ? null : "certificates";
}

function isAbsent(value: unknown): value is undefined {
  return value === undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isKey(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("format" in value) || !("value" in value)) return false;
  const kid = "kid" in value ? value.kid : undefined;
  const isJwk = value.format === "jwk" && typeof value.value === "object" && value.value !== null;
  return isText(value.format) && (isText(value.value) || isJwk) && (kid === undefined || isText(kid));
}
